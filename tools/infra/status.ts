import type { HealthReport } from '@runvoy/protocol';
import { openApi } from '../../clients/cli/src/open-api.ts';
import { signedIn } from './apply/let-admin-in.ts';
import { InfraProblem } from './infra-problem.ts';
import type { InfraRun } from './infra-run.ts';
import { runningServices, type RunningService } from './running-services.ts';

/** What runs, and how it is. */
export interface InfraStatus {
  readonly services: readonly (RunningService & { readonly health: string })[];
  /** The last time the deployment was compared with its records; undefined: nobody here has a key, or it never was. */
  readonly report?: HealthReport;
  /** Why there is no report. */
  readonly noReport?: string;
}

/** Looks at the services of a deployment, and changes nothing. Throws when there is none. */
export async function infraStatus(run: InfraRun): Promise<InfraStatus> {
  const running = await runningServices(run);
  if (running.length === 0) {
    const { project, region } = run.settings;
    throw new InfraProblem(`Nothing of runvoy runs in ${project}, ${region}: runvoy infra apply --project ${project}`);
  }
  const services = await Promise.all(running.map(async (one) => ({ ...one, health: await healthOf(run, one) })));
  return { services, ...(await lastReport(run, running)) };
}

export function isWell({ services, report }: InfraStatus): boolean {
  return (
    services.every(({ isReady, health }) => isReady && !health.startsWith('does not')) &&
    (report?.error_count ?? 0) === 0
  );
}

export function statusLines({ services, report, noReport }: InfraStatus): readonly string[] {
  const rows = services.flatMap(({ name, image, isReady, reason, traffic, health }) => [
    `${name}: ${isReady ? 'ready' : `NOT ready: ${reason}`}; ${health}`,
    `  image ${image}`,
    ...traffic.map(
      ({ revision, percent, tag }) =>
        `  ${String(percent).padStart(3)} % to ${revision}${tag === undefined ? '' : `, tag ${tag}`}`,
    ),
  ]);
  const compared =
    report === undefined
      ? `last reconcile: unknown: ${noReport}`
      : `last reconcile: ${report.timestamp}, ${report.error_count} errors, ${report.reconciled_count} repaired`;
  return [...rows, compared];
}

/** The processor answers Google's accounts alone; behind a load balancer its name is what answers. */
async function healthOf(run: InfraRun, { name, url }: RunningService): Promise<string> {
  if (name === 'processor') return 'private, so nobody asks it from here';
  const domain = domainOf(run);
  if (domain !== undefined && name === 'websocket') return `behind ${domain}`;
  const endpoint = domain !== undefined && name === 'orchestrator' ? domain : url;
  const health = await openApi({ endpoint })
    .health({ tries: 1 })
    .catch((error: Error) => error);
  return health instanceof Error ? `does not answer at ${endpoint}: ${health.message}` : `answers at ${endpoint}`;
}

function domainOf({ settings: { variables } }: InfraRun): string | undefined {
  const { domain } = (variables['load_balancer'] ?? {}) as { readonly domain?: string };
  return domain === undefined ? undefined : `https://${domain}`;
}

async function lastReport(
  run: InfraRun,
  running: readonly RunningService[],
): Promise<Pick<InfraStatus, 'report' | 'noReport'>> {
  const api = running.find(({ name }) => name === 'orchestrator');
  const domain = domainOf(run);
  const known = api && (await signedIn(run, ...api.urls, ...(domain === undefined ? [] : [domain])));
  if (known === undefined)
    return { noReport: 'no key for it is kept here. Get one: runvoy infra apply, or runvoy claim' };
  const asked = openApi(known).healthReport();
  return asked.then(
    ({ report }) => ({ report }),
    (error: Error) => ({ noReport: error.message }),
  );
}
