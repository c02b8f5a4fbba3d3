import type { Execution } from '../../src/executions/execution.ts';

/** When everything that is stored has happened. */
export const STORED_MS = 1_748_736_000_000;
/** Before any window is over. */
export const EARLY_MS = STORED_MS + 1;
/** After every window of time that a decision knows. */
export const LATE_MS = STORED_MS + 86_400_000;

/**
 * The same with every time in it the same. No verdict may depend on when something was stored, so states that differ in nothing else
 * are one; whether a window is over is told to a decision by the time at which it is made.
 */
export function withoutTimes<T extends Execution | readonly object[]>(value: T): T {
  return JSON.parse(JSON.stringify(value, (key, held) => (/(^|_)(at|by)_ms$/.test(key) ? STORED_MS : held))) as T;
}

/** The record of a run whose runner is heard of at `nowMs`. */
export function heardAt(execution: Execution, nowMs: number): Execution {
  return { ...execution, seen_at_ms: nowMs };
}
