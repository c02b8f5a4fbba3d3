import { counted, durationText, stopTookMs, whyText } from '@runvoy/sdk/texts';
import { exitCodeOf, type RunOutcome } from './run-outcome.ts';

const WORDS = { SUCCEEDED: 'succeeded', FAILED: 'failed', STOPPED: 'stopped' } as const;

/** The last line of a run: `succeeded · exit 0 · 3.2 s · 12 lines, complete, verified · isolation process · https://...`. */
export function closingLine(outcome: RunOutcome, log: string, viewUrl?: string): string {
  const { status, duration_ms, isolation, cancel } = outcome;
  const goneAfterMs = cancel && stopTookMs(cancel);
  const parts = [
    status in WORDS ? WORDS[status as keyof typeof WORDS] : status.toLowerCase(),
    // What is no more than its exit code stands there already.
    outcome.reason === undefined && status !== 'STOPPED' ? undefined : whyText(outcome),
    `exit ${exitCodeOf(outcome)}`,
    duration_ms === undefined ? undefined : durationText(duration_ms),
    goneAfterMs === undefined ? undefined : `confirmed gone ${durationText(goneAfterMs)}`,
    log,
    maskingText(outcome),
    isolation === undefined ? undefined : `isolation ${isolation}`,
    viewUrl,
  ];
  return parts.filter((part) => part !== undefined && part !== '').join(' · ');
}

/** `3 secrets masked, PIN too short to be masked`. */
function maskingText({ log }: RunOutcome): string {
  const { maskings = 0, unmasked = [] } = log ?? {};
  const masked = maskings > 0 ? [`${counted(maskings, 'secret')} masked`] : [];
  const short = unmasked.length > 0 ? [`${unmasked.join(' and ')} too short to be masked`] : [];
  return [...masked, ...short].join(', ');
}
