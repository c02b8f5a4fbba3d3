import { setTimeout as pause } from 'node:timers/promises';

/** Waits until `condition` holds and answers what it gave; fails the test, naming what was awaited, when it never does. */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = 20_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`never came: ${what}`);
    await pause(10);
  }
}
