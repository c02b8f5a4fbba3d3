// Stands for `@runvoy/provider-gcp` in a service that may have to die: the same, and every port tells of what it does.
import { gcpPorts as realPorts, type GcpConfig, type GcpPorts } from '../../libs/provider-gcp/src/index.ts';
import { armedMoments } from './armed-moments.ts';
import { tellingJobs, tellingRecords } from './cloud-moments.ts';

export * from '../../libs/provider-gcp/src/index.ts';

const directory = process.env['RUNVOY_CRASH_DIR'];
if (directory === undefined) throw new Error('RUNVOY_CRASH_DIR is not set');
const reach = armedMoments(directory, roleOf(process.argv[1] ?? ''));

/** The ports of a deployment, telling. */
export function gcpPorts(config: GcpConfig): GcpPorts {
  const ports = realPorts(config);
  return {
    ...ports,
    records: () => tellingRecords(ports.records(), reach),
    jobs: () => tellingJobs(ports.jobs(), reach),
  };
}

/** The intake is the processor's program with other routes. */
function roleOf(main: string): string {
  const service = /services\/([^/]+)\//.exec(main)?.[1] ?? '';
  return process.env['RUNVOY_PROCESSOR_ROUTES'] === 'runner' && service === 'processor' ? 'intake' : service;
}
