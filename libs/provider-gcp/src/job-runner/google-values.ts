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

/** vCPUs of a quantity: `1`, `0.5`, `1000m`; undefined for any other form. */
export function vcpuOf(quantity: string): number | undefined {
  const [, amount, milli] = /^(\d+(?:\.\d+)?)(m?)$/.exec(quantity) ?? [];
  return amount === undefined ? undefined : Number(amount) / (milli === 'm' ? 1_000 : 1);
}

const BYTES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 1_024,
  Mi: 1_024 ** 2,
  Gi: 1_024 ** 3,
};

/** MiB of a quantity: `512Mi`, `1Gi`, `1G`, plain bytes; undefined for any other form. */
export function mibOf(quantity: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(k|M|G|Ki|Mi|Gi)?$/.exec(quantity) ?? [];
  return amount === undefined ? undefined : (Number(amount) * BYTES[unit]!) / 1_024 ** 2;
}
