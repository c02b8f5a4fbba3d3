import type { BootstrapAnswer, BootstrapRequest, BootstrapStop, GitSource } from '@runvoy/protocol';
import { Failure } from '../failure.ts';
import type { SigningKeys } from '../access/signing-keys.ts';
import type { JobRunner } from '../jobs/job-runner.ts';
import type { Records, Tx } from '../records/records.ts';
import type { SecretVault } from '../secrets/secret-vault.ts';
import type { Clock } from '../time/clock.ts';
import { commandTraceparent } from '../trace/run-spans.ts';
import { attemptRef } from './attempts.ts';
import { decideBootstrap, type Asking, type BootstrapDecision } from './decide-bootstrap.ts';
import { executionRef, type Attempt, type Execution } from './execution.ts';
import { tellEnd, type TellsEnds } from './run-ended.ts';
import { EMPTY_INPUT, openRunInput, runInputRef, type SealedRunInput } from './run-input.ts';
import { runnerSession, SESSION_OUTLIVES_DEADLINE_MS } from './runner-session.ts';
import { replaceExecution, requireExecution, storeExecution } from './store-execution.ts';
import { withTrail } from './trail.ts';

export interface BootstrapDeps extends TellsEnds {
  readonly records: Records;
  readonly vault: SecretVault;
  /**
   * `cancel` is absent where nobody may cancel: then the next look does, which finds the same. `identify` is absent where the platform
   * names an attempt before the start.
   */
  readonly jobs?: Partial<Pick<JobRunner, 'cancel' | 'identify'>>;
  readonly clock: Clock;
  readonly signingKeys: SigningKeys;
  /** How often the runner cuts a batch, ms. */
  readonly batchMs: number;
  /** Directories that `file:` clones may come from. */
  readonly gitRoots?: readonly string[];
  /** The account that jobs run as whose image names none. Absent where a runner has no account. */
  readonly jobAccount?: string;
}

/**
 * Hands the run to the runner that asks first. One change of the record: it requires STARTING, or the same nonce in RUNNING (a lost
 * answer must not kill a run: same nonce, same answer). In TERMINATING, and after the time for the start, the answer is `stop` and holds
 * no secrets; in a terminal state it fails with `EXECUTION_ENDED`. Another attempt of the same run is refused and cancelled, and the run goes on; a second nonce of
 * the bound attempt, or an execution that the platform does not know for it, is refused, recorded and ends the run as
 * `bootstrap_conflict`. What the platform calls the attempt stands in the record, or the platform is asked; while it does not say, the
 * call fails with `PLATFORM_UNAVAILABLE`, and the runner asks again.
 *
 * Where jobs have accounts, `account` is who asks, verified. Another one than this run's is refused like a wrong token, and the run
 * goes on: whoever may run as one account and has read a token in the platform's records can neither have nor end runs of another.
 */
export async function bootstrapExecution(
  deps: BootstrapDeps,
  executionId: string,
  request: BootstrapRequest,
  account?: string,
): Promise<BootstrapAnswer | BootstrapStop> {
  const isItsJob = (execution: Execution) =>
    deps.jobAccount === undefined || account === (execution.service_account || deps.jobAccount);
  const asking = { request, isItsJob, mayIdentify: deps.jobs?.identify !== undefined };
  const { decision, input } = await decideAndStore(deps, executionId, asking);
  if (decision.kind === 'start') return answer(deps, decision.after, input);
  if (decision.kind === 'stop') return { stop: true };
  if (decision.kind === 'identify') throw new Failure('PLATFORM_UNAVAILABLE');
  if (decision.cancel) await cancelQuietly(deps.jobs, executionId, decision.cancel, request);
  throw decision.failure;
}

interface Decided {
  readonly decision: BootstrapDecision;
  readonly input: SealedRunInput | undefined;
}

/** The record that was read is replaced while it still stands; else all is decided again, in a transaction. */
async function decideAndStore(deps: BootstrapDeps, id: string, asking: Asking): Promise<Decided> {
  const { records, clock } = deps;
  const read = await records.get(executionRef(id));
  if (!read) throw new Failure('EXECUTION_NOT_FOUND', id);
  const before = read.value;
  const input = before.without_input ? undefined : (await records.get(runInputRef(id)))?.value;
  const hasInput = before.without_input === true || input !== undefined;
  const first = decideBootstrap(before, hasInput, clock.now(), asking);
  const identity = first.kind === 'identify' ? await identify(deps, before, first.attempt, asking) : undefined;
  const informed = identity ? { ...asking, identity } : asking;
  const decision = identity ? decideBootstrap(before, hasInput, clock.now(), informed) : first;
  const after = withTrail(before, decision.after, clock.now());
  if (decision.after === before || (await replaceExecution({ records }, read, after))) {
    tellEnd(deps, before, after);
    return { decision, input };
  }
  const decided = await records.transact((tx) => decideWithin(tx, clock.now(), id, informed));
  tellEnd(deps, decided.before, decided.decision.after);
  return decided;
}

async function decideWithin(
  tx: Tx,
  nowMs: number,
  id: string,
  asking: Asking,
): Promise<Decided & { readonly before: Execution }> {
  const before = await requireExecution(tx, id);
  const input = before.without_input ? undefined : await tx.get(runInputRef(id));
  const hasInput = before.without_input === true || input !== undefined;
  const decision = decideBootstrap(before, hasInput, nowMs, asking);
  await storeExecution(tx, before, decision.after, nowMs);
  return { decision, input, before };
}

/** Asks the platform, for a runner whose token and account are right. An answer that does not come is no answer. */
async function identify(
  { jobs, clock }: BootstrapDeps,
  execution: Execution,
  attempt: Attempt,
  { request: { platform_execution } }: Asking,
): Promise<NonNullable<Asking['identity']>> {
  const said = platform_execution ? { platform_execution } : {};
  try {
    const name = await jobs?.identify?.({ ...attemptRef(execution, attempt), ...said });
    return { name, evenSinceMs: clock.evenSinceMs?.() ?? 0 };
  } catch (cause) {
    throw new Failure('PLATFORM_UNAVAILABLE', '', { cause });
  }
}

/** Whoever was refused exits by itself; the cancel is for one that does not. The sweep finds it when this fails. */
async function cancelQuietly(
  jobs: BootstrapDeps['jobs'],
  executionId: string,
  attempt: Attempt,
  request: BootstrapRequest,
): Promise<void> {
  const platform_execution = attempt.platform_execution ?? request.platform_execution;
  await jobs
    ?.cancel?.(
      {
        execution_id: executionId,
        attempt: attempt.attempt,
        ...(platform_execution === undefined ? {} : { platform_execution }),
      },
      { grace_ms: 0 },
    )
    .catch(() => undefined);
}

/** The same bytes for the same execution: everything in it was fixed by the first bootstrap. */
async function answer(
  deps: BootstrapDeps,
  execution: Execution,
  sealed: SealedRunInput | undefined,
): Promise<BootstrapAnswer> {
  const { env, secrets } = sealed ? await openRunInput(deps.vault, sealed) : EMPTY_INPUT;
  const boundAtMs = execution.facts.bound?.at_ms ?? execution.started_at_ms;
  const expiresAtMs = boundAtMs + execution.timeout_s * 1000 + SESSION_OUTLIVES_DEADLINE_MS;
  return {
    request_id: execution.request_id,
    image_id: execution.image_id,
    command: execution.command,
    env,
    secrets,
    ...(execution.git === undefined ? {} : { git: inOrder(execution.git) }),
    limits: {
      timeout_s: execution.timeout_s,
      grace_ms: execution.grace_ms,
      max_log_bytes: execution.max_log_bytes,
      ...(execution.log_limit_policy === undefined ? {} : { log_limit_policy: execution.log_limit_policy }),
      ...(execution.log_backpressure === undefined ? {} : { log_backpressure: execution.log_backpressure }),
    },
    batch_ms: deps.batchMs,
    session: runnerSession(deps.signingKeys, execution.execution_id, expiresAtMs),
    ...(deps.gitRoots === undefined ? {} : { git_roots: deps.gitRoots }),
    ...traceOf(execution),
  };
}

/** A command's own spans belong below the span of the command, where there is one. */
function traceOf(execution: Execution): { readonly traceparent?: string } {
  const traceparent = commandTraceparent(execution) ?? execution.traceparent;
  return traceparent === undefined ? {} : { traceparent };
}

/** A store may answer fields in another order each time; the bytes of an answer depend on it. */
function inOrder({ url, ref, path }: GitSource): GitSource {
  return { url, ref, path };
}
