import type { QueueBody } from '@runvoy/protocol';

/** Where a run stands that waits: `place 3 of 7 (limit of the deployment: 2 running)`. */
export function queueText({ place, waiting, limit, max_running }: QueueBody): string {
  const where = `place ${place} of ${waiting}`;
  if (limit === undefined || max_running === undefined) return where;
  const names = { deployment: 'of the deployment', user: 'for each user', image: 'of its image', key: 'of its key' };
  const whose = names[limit] ?? limit;
  return `${where} (limit ${whose}: ${max_running} running)`;
}
