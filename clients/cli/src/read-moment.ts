import { usageProblem } from './problem.ts';
import { readDurationS } from './read-duration.ts';

/** A moment as RFC 3339: as it is given, or so long ago (`2h`). `option` is named in the problem. */
export function readMoment(text: string | undefined, option: string, nowMs: number): string | undefined {
  if (text === undefined) return undefined;
  if (/^\d{4}-/.test(text)) {
    const ms = Date.parse(text);
    if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  } else if (/^[\d.]+[hms]/.test(text)) {
    return new Date(nowMs - readDurationS(text, option) * 1_000).toISOString();
  }
  throw usageProblem(`${option} takes a time such as 2026-01-31T12:00:00Z, or 2h for two hours ago; got "${text}".`);
}
