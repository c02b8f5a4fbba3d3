import type { CancelBody } from '@runvoy/protocol';
import { durationText } from './duration.ts';

/**
 * How far a stop has come: `requested → SIGTERM → SIGKILL → confirmed gone 10.4 s`, and when it should have come further:
 * `requested → SIGTERM, not confirmed for 4 min 05 s`.
 */
export function stopSteps(cancel: CancelBody, nowMs: number = Date.now()): string {
  const tookMs = stopTookMs(cancel);
  const steps = [
    'requested',
    cancel.hastened === undefined ? undefined : 'hastened',
    cancel.signalled === undefined ? undefined : 'SIGTERM',
    cancel.killed === undefined ? undefined : 'SIGKILL',
    tookMs === undefined ? undefined : `confirmed gone ${durationText(tookMs)}`,
  ];
  const waitedMs = overdueMs(cancel, nowMs);
  const late = waitedMs === undefined ? '' : `, not confirmed for ${durationText(waitedMs)}`;
  return `${steps.filter((step) => step !== undefined).join(' → ')}${late}`;
}

/** How long a stop that should be confirmed by now has been asked for; undefined when there is nothing to worry about. */
function overdueMs({ requested, confirmed, confirm_by }: CancelBody, nowMs: number): number | undefined {
  if (requested === undefined || confirmed !== undefined || confirm_by === undefined) return undefined;
  return nowMs >= Date.parse(confirm_by) ? nowMs - Date.parse(requested) : undefined;
}

/** From the request to the confirmation; undefined before it. */
export function stopTookMs({ requested, confirmed }: CancelBody): number | undefined {
  if (requested === undefined || confirmed === undefined) return undefined;
  const tookMs = Date.parse(confirmed) - Date.parse(requested);
  return Number.isFinite(tookMs) ? tookMs : undefined;
}
