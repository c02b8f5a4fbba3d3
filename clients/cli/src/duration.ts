import { usageProblem } from './problem.ts';

const UNIT_S: Readonly<Record<string, number>> = { h: 3_600, m: 60, s: 1 };

/** Whole seconds of `30s`, `5m`, `1h`, `1h30m` or plain seconds; parts of a second count as one. `option` is named in the problem. */
export function readDurationS(text: string, option: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text));
  if (!/^(\d+(\.\d+)?[hms])+$/.test(text)) {
    throw usageProblem(`${option} takes a time such as 30s, 5m, 1h or plain seconds; got "${text}".`);
  }
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)([hms])/g)) seconds += Number(amount) * (UNIT_S[unit!] ?? 0);
  return Math.ceil(seconds);
}

/** A time of which only whole seconds are known: `4 s`, `4 min 5 s`. */
export function wholeSecondsText(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : durationText(seconds * 1000);
}

/** A time for a person: `3.2 s`, `4 min 5 s`, `2 h 10 min`. */
export function durationText(ms: number): string {
  const tenths = Math.round(Math.max(0, ms) / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
