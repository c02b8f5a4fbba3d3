import type { StartOrder } from '../jobs/job-runner.ts';
import type { Execution } from './execution.ts';

/** The stored run and the order that starts it. None when it was stored before, or waits for a slot: whoever admits it starts it. */
export interface Accepted {
  readonly execution: Execution;
  readonly order?: StartOrder;
  /** It was made by an earlier call with the same `Idempotency-Key`. */
  readonly isRepeat?: true;
}
