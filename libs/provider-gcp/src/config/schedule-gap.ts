import type { Millis } from '@runvoy/core';

const FIELD = /^(?:\*|\*\/[1-9]\d?|\d+(?:,\d+)*)$/;
const HOUR_MS = 3_600_000;

/**
 * The longest pause that a schedule of Cloud Scheduler leaves, as far as it is known: for a minute and an hour of `*`, a step or a list,
 * with `*` for the rest. Undefined for every other schedule. A change of summer time may add an hour.
 */
export function scheduleGapMs(schedule: string): Millis | undefined {
  const [minute = '', hour = '', ...rest] = schedule.split(' ');
  const isKnown = FIELD.test(minute) && FIELD.test(hour) && rest.length === 3 && rest.every((field) => field === '*');
  if (!isKnown) return undefined;
  const minutes = valuesOf(minute, 60);
  const hours = valuesOf(hour, 24);
  const times = hours.flatMap((at) => minutes.map((past) => at * HOUR_MS + past * 60_000));
  const first = times[0];
  if (first === undefined) return undefined;
  return Math.max(...times.map((at, index) => (times[index + 1] ?? first + 24 * HOUR_MS) - at));
}

function valuesOf(field: string, below: number): readonly number[] {
  const all = Array.from({ length: below }, (_, value) => value);
  if (field === '*') return all;
  if (field.startsWith('*/')) return all.filter((value) => value % Number(field.slice(2)) === 0);
  const listed = new Set(field.split(',').map(Number));
  return all.filter((value) => listed.has(value));
}
