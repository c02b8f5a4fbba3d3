import type { RunAnswer, RunRequest } from '@runvoy/protocol';
import type { RunvoyApi } from './api.ts';
import { ApiProblem, Unreachable } from './api-problem.ts';
import { pause } from './pause.ts';
import { retryDelayMs } from './retry-delay.ts';

const TRIES = 5;

/**
 * Hands in a run, trying again when nobody answered or the server was not ready. Every try carries the same key, so that a run whose
 * answer was lost is found again and not started twice.
 */
export async function submitRun(
  api: Pick<RunvoyApi, 'run'>,
  request: RunRequest,
  idempotencyKey: string,
  signal?: AbortSignal,
): Promise<RunAnswer> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await api.run(request, idempotencyKey);
    } catch (error) {
      const mayPass = error instanceof Unreachable || (error instanceof ApiProblem && error.mayPass);
      if (!mayPass || attempt + 1 >= TRIES || signal?.aborted) throw error;
      await pause(retryDelayMs(attempt, Math.random()), signal);
    }
  }
}
