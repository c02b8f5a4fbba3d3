import type { CancelBody } from '@runvoy/protocol';
import { durationText } from './duration.ts';

/** How far a stop has come: `requested → SIGTERM → SIGKILL → confirmed gone 10.4 s`. */
export function stopSteps(cancel: CancelBody): string {
  const tookMs = stopTookMs(cancel);
  const steps = [
    'requested',
    cancel.signalled === undefined ? undefined : 'SIGTERM',
    cancel.killed === undefined ? undefined : 'SIGKILL',
    tookMs === undefined ? undefined : `confirmed gone ${durationText(tookMs)}`,
  ];
  return steps.filter((step) => step !== undefined).join(' → ');
}

/** From the request to the confirmation; undefined before it. */
export function stopTookMs({ requested, confirmed }: CancelBody): number | undefined {
  if (requested === undefined || confirmed === undefined) return undefined;
  const tookMs = Date.parse(confirmed) - Date.parse(requested);
  return Number.isFinite(tookMs) ? tookMs : undefined;
}
