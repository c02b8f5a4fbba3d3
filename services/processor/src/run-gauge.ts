import { meterUnfinished, type Clock, type CountByStatus, type TickReport } from '@runvoy/core';
import type { Metrics } from '@runvoy/runtime';

/** Ticks come each minute, to any instance: one that had an older one knows nothing any more. */
const KNOWN_FOR_MS = 90_000;

/** Declares the number of runs under way, as the last tick saw them; what it returns is told of each tick. */
export function meterTicks(metrics: Metrics, clock: Clock): (report: TickReport) => void {
  let last: { readonly atMs: number; readonly unfinished: CountByStatus } | undefined;
  meterUnfinished(metrics, () => (last && clock.now() - last.atMs < KNOWN_FOR_MS ? last.unfinished : undefined));
  return ({ unfinished }) => void (last = { atMs: clock.now(), unfinished });
}
