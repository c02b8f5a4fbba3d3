import { usageProblem } from './problem.ts';

/** A whole number of at most seven digits, `undefined` where none was given. `option` is named in the problem. */
export function readCount(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,7}$/.test(text)) throw usageProblem(`${option} takes a whole number, 0 or more; got "${text}".`);
  return Number(text);
}
