import type { Clock, Millis } from '../time/clock.ts';

/** What `work` resolves with, if it does within `ms`; rejects otherwise. The work itself goes on, and nobody hears of it. */
export async function within<T>(clock: Clock, ms: Millis, work: () => Promise<T>): Promise<T> {
  const answered = new AbortController();
  const answer = work().finally(() => answered.abort());
  const silence = async (): Promise<T> => {
    await clock.sleep(ms, answered.signal);
    if (answered.signal.aborted) return answer;
    throw new Error(`No answer within ${ms / 1000} s.`);
  };
  return Promise.race([answer, silence()]);
}
