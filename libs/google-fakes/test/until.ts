import { setTimeout as pause } from 'node:timers/promises';

/** Resolves to the first answer of `look` that is not undefined or false; fails after the bound, naming what was waited for. */
export async function until<T>(what: string, look: () => T | Promise<T>, boundMs = 10_000): Promise<NonNullable<T>> {
  const end = Date.now() + boundMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== null && seen !== false) return seen;
    if (Date.now() > end) throw new Error(`Waited ${boundMs} ms in vain for ${what}.`);
    await pause(10);
  }
}
