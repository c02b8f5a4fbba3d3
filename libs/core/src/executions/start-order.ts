import type { StartOrder } from '../jobs/job-runner.ts';
import type { Execution } from './execution.ts';

/** What the platform is told to start: never the command, never the environment. */
export function startOrder(execution: Execution, attempt: number, token: string): StartOrder {
  const { execution_id, isolation, image, cpu, memory_mib, network, timeout_s, grace_ms, service_account } = execution;
  return {
    execution_id,
    attempt,
    token,
    isolation,
    image,
    cpu,
    memory_mib,
    ...(network === undefined ? {} : { network }),
    timeout_s,
    grace_ms,
    ...(service_account === undefined ? {} : { service_account }),
    ...(execution.traced && execution.traceparent !== undefined ? { traceparent: execution.traceparent } : {}),
  };
}
