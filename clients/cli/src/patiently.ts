import { pause, retryDelayMs, RunvoyError } from '@runvoy/sdk/client';

/** With a pause of 10 s at most between them: longer than a minute, which is what a limit of requests counts. */
const TRIES = 16;

/** Asks again what may be asked twice, as long as the server is busy or away. Fails as the last try did. */
export type Patiently = <T>(ask: () => Promise<T>) => Promise<T>;

/** `noticed` is told why there is a wait, once for each request: minutes may pass. */
export function openPatience(noticed: (why: string) => void, wait: (ms: number) => Promise<void> = pause): Patiently {
  return async (ask) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof RunvoyError) || !error.mayPass || attempt === TRIES - 1) throw error;
        if (attempt === 0) noticed(`waiting for the server, and asking again: ${error.message}`);
        await wait(Math.max(error.retryAfterMs ?? 0, retryDelayMs(attempt, Math.random())));
      }
    }
  };
}
