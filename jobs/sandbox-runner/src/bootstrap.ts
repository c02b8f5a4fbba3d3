import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { BootstrapAnswer, BootstrapRequest, BootstrapStop } from '@runvoy/protocol';
import type { IntakeClient } from './intake-client.ts';
import type { AttemptOrder } from './order.ts';
import { retryDelay } from './retry-delay.ts';
import { RUNNER_VERSION } from './runner-version.ts';

export type BootstrapOutcome =
  | { readonly outcome: 'run'; readonly answer: BootstrapAnswer }
  /** The run is to stop, or was cancelled here: nothing is started. */
  | { readonly outcome: 'stop' }
  | { readonly outcome: 'refused'; readonly why: string }
  | { readonly outcome: 'no_answer'; readonly why: string };

/** Nothing has been started yet, so giving up costs nothing; a server that comes back makes a new attempt anyway. */
const GIVE_UP_MS = 10 * 60_000;

/**
 * Asks for the run. Every repeat carries the same nonce: the answer may have been lost after the server bound the run to it,
 * and any other nonce would look like a second runner.
 */
export async function bootstrap(
  order: AttemptOrder,
  platformExecution: string,
  intake: IntakeClient,
  cancelled: AbortSignal,
  now: () => number,
): Promise<BootstrapOutcome> {
  const body = JSON.stringify({
    token: order.token,
    attempt: order.attempt,
    nonce: randomBytes(16).toString('hex'),
    platform_execution: platformExecution,
    runner_version: RUNNER_VERSION,
  } satisfies BootstrapRequest);
  const whenCancelled = new Promise<'cancelled'>((resolve) => {
    if (cancelled.aborted) resolve('cancelled');
    else cancelled.addEventListener('abort', () => resolve('cancelled'), { once: true });
  });
  const giveUpAt = now() + GIVE_UP_MS;

  for (let failures = 0; ;) {
    const reply = await Promise.race([intake.post('bootstrap', body), whenCancelled]);
    if (reply === 'cancelled') return { outcome: 'stop' };
    if (reply.outcome === 'accepted') {
      const answer = reply.body as unknown as BootstrapAnswer | BootstrapStop;
      return answer.stop ? { outcome: 'stop' } : { outcome: 'run', answer };
    }
    if (reply.outcome !== 'unreachable') return { outcome: 'refused', why: reply.why };
    if (now() > giveUpAt) return { outcome: 'no_answer', why: reply.why };
    failures += 1;
    await Promise.race([pause(retryDelay(failures), undefined, { ref: true }), whenCancelled]);
  }
}
