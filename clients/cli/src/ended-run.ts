import type { StatusFrame } from '@runvoy/protocol';
import type { RunvoyApi } from './api.ts';
import { pause } from './pause.ts';
import type { RunOutcome } from './run-outcome.ts';

const TRIES = 3;
const BETWEEN_MS = 300;

/** How a run ended, with its duration, which no frame carries. When the server does not say, the last frame stands. */
export async function readOutcome(
  api: Pick<RunvoyApi, 'status'>,
  id: string,
  last: StatusFrame | undefined,
): Promise<RunOutcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await api.status(id);
    } catch (error) {
      if (attempt === TRIES) {
        if (last) return last;
        throw error;
      }
      await pause(BETWEEN_MS);
    }
  }
}
