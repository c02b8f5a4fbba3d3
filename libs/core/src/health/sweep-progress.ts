import type { Records, Ref } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';

/** How far the sweep has come over the platform's list. */
export interface SweepProgress {
  /** When a scheduled one last came. */
  readonly at_ms?: Millis;
  /** Where the next one goes on; absent: it begins anew. */
  readonly after?: string;
}

const sweepProgressRef: Ref<SweepProgress> = { collection: 'settings', id: 'sweep-progress' };

export async function readSweepProgress(records: Records): Promise<SweepProgress> {
  return (await records.get(sweepProgressRef))?.value ?? {};
}

/** Two sweeps at once may each store theirs: whichever stands, the next one goes on from a place that was reached. */
export async function storeSweepProgress(records: Records, progress: SweepProgress): Promise<void> {
  await records.transact(async (tx) => tx.set(sweepProgressRef, progress));
}
