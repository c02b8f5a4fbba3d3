import { isTerminal } from '@runvoy/protocol';
import type { Execution } from './execution.ts';

/** For whoever counts and traces runs: nothing is decided by it. */
export interface TellsEnds {
  /** Told of each run once its end is stored, by whoever stored it; a process that dies between the two tells nobody. May not throw. */
  readonly ended?: ((execution: Execution) => void) | undefined;
}

/** Tells of the run when this change, which is stored, has ended it. */
export function tellEnd({ ended }: TellsEnds, before: Pick<Execution, 'status'>, after: Execution): void {
  if (isTerminal(after.status) && !isTerminal(before.status)) ended?.(after);
}
