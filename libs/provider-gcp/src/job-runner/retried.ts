import type { Clock, Millis } from '@runvoy/core';
import { CODE, codeOf } from './grpc-code.ts';

/** What a later try may answer better. */
const PASSING: readonly (number | undefined)[] = [
  CODE.unavailable,
  CODE.deadlineExceeded,
  CODE.resourceExhausted,
  CODE.internal,
  CODE.unknown,
  CODE.aborted,
];

const TRIES = 4;
const FIRST_MS = 100;

export interface RetryDeps {
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
}

/** Makes a call that changes nothing when it is made twice, up to four times. Rejects with the last answer. */
export async function retried<T>({ clock, random }: RetryDeps, call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt >= TRIES || !PASSING.includes(codeOf(error))) throw error;
      await clock.sleep(jittered(FIRST_MS * 4 ** (attempt - 1), random));
    }
  }
}

/** Between half of it and all: what failed together does not come back together. */
export function jittered(fullMs: Millis, random: () => number): Millis {
  return Math.round(fullMs * (1 - random() / 2));
}
