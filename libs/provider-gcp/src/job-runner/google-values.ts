import type { Millis } from '@runvoy/core';

/**
 * One form for what Google's clients answer in several: the same field is a string in a plain answer and a number or a `Long` in one
 * that came inside an operation, a JSON double in an audit entry, and null or absent when it is unset.
 */

/** A whole number; 0 when unset. Throws for what is no number, or one that cannot be held exactly. */
export function wholeNumber(value: unknown): number {
  if (value === null || value === undefined) return 0;
  // A `Long` prints itself in decimal.
  const printed = (value as { toString(): string }).toString();
  const number = Number(printed);
  if (!Number.isSafeInteger(number)) throw new TypeError(`Google answered "${printed}" for a whole number.`);
  return number;
}

/** An enum's name, from its name or its number; the one with number 0 when unset. An unknown number is named by it. */
export function enumName(value: unknown, names: Readonly<Record<number, string>>): string {
  if (typeof value === 'string' && !/^\d+$/.test(value)) return value;
  const number = wholeNumber(value);
  return names[number] ?? `UNKNOWN_${number}`;
}

/** A time, from `{seconds, nanos}` or RFC 3339; undefined when unset. */
export function timeMs(value: unknown): Millis | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string') {
    const ms = Date.parse(value);
    if (Number.isNaN(ms)) throw new TypeError(`Google answered "${value}" for a time.`);
    return ms;
  }
  const { seconds, nanos } = value as { seconds?: unknown; nanos?: unknown };
  return wholeNumber(seconds) * 1000 + Math.floor(wholeNumber(nanos) / 1e6);
}
