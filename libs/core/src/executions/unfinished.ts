import type { Records } from '../records/records.ts';
import { executionsUnfinished, type Execution } from './execution.ts';

/** All that is known of a run but what it does: many of them are held at once. */
export type RunWithoutCommand = Omit<Execution, 'command'>;

/** A page holds whole records, and a command may have 256 KiB. */
const A_PAGE = 100;

/** How many runs have not ended, by status; `WAITING` for a slot counts apart. */
export type CountByStatus = Readonly<Record<'WAITING' | 'STARTING' | 'RUNNING' | 'TERMINATING', number>>;

/** Counts them. A run that has ended meanwhile counts nowhere. */
export function countByStatus(runs: Iterable<{ readonly status: string; readonly waiting?: true }>): CountByStatus {
  const counted = { WAITING: 0, STARTING: 0, RUNNING: 0, TERMINATING: 0 };
  for (const { status, waiting } of runs) {
    const name = waiting ? 'WAITING' : status;
    if (Object.hasOwn(counted, name)) counted[name as keyof typeof counted] += 1;
  }
  return counted;
}

/** Every run that has not ended, oldest first, without its command. Their number sets the cost, never the history's. */
export async function unfinishedExecutions(records: Records): Promise<RunWithoutCommand[]> {
  const runs: RunWithoutCommand[] = [];
  let from: string | undefined;
  do {
    const page = await records.page(executionsUnfinished, { equal: { unfinished: true }, limit: A_PAGE }, from);
    runs.push(...page.records.map(({ value }) => withoutCommand(value)));
    from = page.next;
  } while (from !== undefined);
  return runs;
}

function withoutCommand({ command: _, ...rest }: Execution): RunWithoutCommand {
  return rest;
}
