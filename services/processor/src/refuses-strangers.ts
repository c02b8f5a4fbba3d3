import type { ReadinessCheck } from '@runvoy/runtime';

const REFUSALS = [401, 403];
const ANSWER_MS = 4_000;

/**
 * Where the platform checks callers and strips what it has checked, a service that lets strangers in would believe anybody. So it calls
 * itself from outside, without a token: it is not ready until that is refused. `/health` is asked, which the service itself answers
 * to everybody: a refusal can only be the platform's. Once seen, it is not asked for again.
 */
export function refusesStrangers(url: string, ask: typeof fetch = fetch): ReadinessCheck {
  let isRefused = false;
  return async () => {
    if (isRefused) return;
    const { status } = await ask(`${url}/health`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!REFUSALS.includes(status)) {
      throw new Error(
        `${url} answered a caller without a token with ${status}. Take the invoker role from allUsers, or set RUNVOY_GCP_CALLER_CHECK=signature.`,
      );
    }
    isRefused = true;
  };
}
