import { isTerminal } from '@runvoy/protocol';
import type { JobRunner } from '../jobs/job-runner.ts';
import type { Execution } from './execution.ts';

/** A platform, as far as it keeps something of what has ended. */
export type Keeper = Pick<JobRunner, 'forgetsByItself' | 'forget'>;

/**
 * True when something is left to do for a run that has ended: its log is not proven, or the platform has to be told to forget it.
 * The event of its end is stored for whoever does that; when nothing is left, nobody waits for it.
 */
export function needsFinishing({ status, log_proven }: Execution, platform: Keeper | undefined): boolean {
  return isTerminal(status) && !(log_proven && platform?.forgetsByItself);
}
