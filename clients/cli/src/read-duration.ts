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
