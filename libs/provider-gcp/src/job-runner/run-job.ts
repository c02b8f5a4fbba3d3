import type { StartAnswer, StartOrder } from '@runvoy/core';
import type { StartReason } from '@runvoy/protocol';
import { CODE, codeOf, saidBy } from './grpc-code.ts';
import { taskTimeoutS } from './job-template.ts';
import { jittered, type RetryDeps } from './retried.ts';
import type { RunApi } from './run-api.ts';

/** The request that asks for a run is held open by this. */
const WITHIN_MS = 8_000;
/** With less left, an answer would more often be cut off than heard. */
const WORTH_A_TRY_MS = 2_000;
const FIRST_WAIT_MS = 400;

/** Answers that prove that nothing was started, and will be the same the next time. */
const REFUSALS: Readonly<Record<number, StartReason>> = {
  [CODE.invalidArgument]: 'start_refused',
  [CODE.failedPrecondition]: 'start_refused',
  [CODE.unimplemented]: 'start_refused',
  [CODE.notFound]: 'job_missing',
  [CODE.permissionDenied]: 'permission_denied',
  [CODE.unauthenticated]: 'permission_denied',
};

/**
 * Runs the Job for an attempt. RunJob knows no idempotency key: it is repeated after one answer alone, the one that says there is no
 * room. Rejects when the answer does not say whether an execution began.
 *
 * What is put over the Job's variables can be read by whoever may see the execution or its audit log: an id, a number, and a token
 * that is good for one bootstrap.
 */
export async function runJob(
  { api, clock, random }: RetryDeps & { readonly api: RunApi },
  job: string,
  order: StartOrder,
): Promise<StartAnswer> {
  const until = clock.now() + WITHIN_MS;
  const overrides = {
    env: {
      RUNVOY_EXECUTION_ID: order.execution_id,
      RUNVOY_ATTEMPT: String(order.attempt),
      RUNVOY_BOOTSTRAP_TOKEN: order.token,
    },
    timeoutS: taskTimeoutS(order),
  };
  for (let wait = FIRST_WAIT_MS; ; wait *= 2) {
    try {
      const platform_execution = await api.runJob(job, overrides, until - clock.now());
      return { outcome: 'started', ...(platform_execution === undefined ? {} : { platform_execution }) };
    } catch (error) {
      const code = codeOf(error);
      const reason = code === undefined ? undefined : REFUSALS[code];
      if (reason !== undefined) return { outcome: 'rejected', reason, details: saidBy(error) };
      if (code !== CODE.resourceExhausted) throw error;
      const pause = jittered(wait, random);
      if (until - clock.now() - pause < WORTH_A_TRY_MS) {
        return { outcome: 'rejected', reason: 'quota', details: saidBy(error) };
      }
      await clock.sleep(pause);
    }
  }
}
