import {
  isTerminal,
  type BootstrapAnswer,
  type BootstrapRequest,
  type BootstrapStop,
  type GitSource,
} from '@runvoy/protocol';
import { Failure } from '../failure.ts';
import type { SigningKeys } from '../access/signing-keys.ts';
import { hashToken, sameHash } from '../access/tokens.ts';
import type { JobRunner } from '../jobs/job-runner.ts';
import type { Records, Tx } from '../records/records.ts';
import type { SecretVault } from '../secrets/secret-vault.ts';
import type { Clock } from '../time/clock.ts';
import { advance } from './advance.ts';
import { withFault, type Attempt, type Execution } from './execution.ts';
import { EMPTY_INPUT, openRunInput, runInputRef, type SealedRunInput } from './run-input.ts';
import { runnerSession, SESSION_OUTLIVES_DEADLINE_MS } from './runner-session.ts';
import { isUnwanted } from './start-timeout.ts';
import { requireExecution, storeExecution } from './store-execution.ts';
import { noteTrail } from './trail.ts';

export interface BootstrapDeps {
  readonly records: Records;
  readonly vault: SecretVault;
  /** Absent where nobody may cancel: then the next look does, which finds the same. */
  readonly jobs?: Pick<JobRunner, 'cancel'>;
  readonly clock: Clock;
  readonly signingKeys: SigningKeys;
  /** How often the runner cuts a batch, ms. */
  readonly batchMs: number;
  /** Directories that `file:` clones may come from. */
  readonly gitRoots?: readonly string[];
  /** The account that jobs run as whose image names none. Absent where a runner has no account. */
  readonly jobAccount?: string;
}

/** What the transaction decided; answered or refused after it is stored. */
type Decision =
  | { readonly kind: 'start'; readonly execution: Execution; readonly input?: SealedRunInput | undefined }
  | { readonly kind: 'stop' }
  | { readonly kind: 'refuse'; readonly failure: Failure; readonly cancel?: Attempt };

/**
 * Hands the run to the runner that asks first. One transaction: it requires STARTING, or the same nonce in RUNNING (a lost answer
 * must not kill a run: same nonce, same answer). In TERMINATING, and after the time for the start, the answer is `stop` and holds no
 * secrets; in a terminal state it
 * fails with `EXECUTION_ENDED`. Another attempt of the same run is refused and cancelled, and the run goes on; a second nonce of
 * the bound attempt is refused, recorded and ends the run as `bootstrap_conflict`.
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
  const decision = await deps.records.transact((tx) =>
    decide(tx, deps.clock.now(), { executionId, request, isItsJob }),
  );
  if (decision.kind === 'stop') return { stop: true };
  if (decision.kind === 'refuse') {
    if (decision.cancel) await cancelQuietly(deps.jobs, executionId, decision.cancel, request);
    throw decision.failure;
  }
  return answer(deps, decision.execution, decision.input);
}

interface Asking {
  readonly executionId: string;
  readonly request: BootstrapRequest;
  /** Whether who asks is the account that the execution's job runs as. */
  readonly isItsJob: (execution: Execution) => boolean;
}

async function decide(tx: Tx, nowMs: number, { executionId, request, isItsJob }: Asking): Promise<Decision> {
  const execution = await requireExecution(tx, executionId);
  const input = execution.without_input ? undefined : await tx.get(runInputRef(executionId));
  const attempt = execution.facts.attempts.find((known) => known.attempt === request.attempt);
  // The token is checked before anything else is told, so that a stranger learns nothing about the run.
  if (!attempt || !sameHash(attempt.token_hash, hashToken(request.token))) {
    return refuse('its secret is not the one of this start');
  }
  if (!isItsJob(execution)) return refuse('the caller is not the account that this run’s job runs as');
  if (isTerminal(execution.status)) {
    return { kind: 'refuse', failure: new Failure('EXECUTION_ENDED', executionId) };
  }
  const { bound, conflict: known } = execution.facts;
  // The run is lost: nobody starts its command any more.
  if (known) return { ...refuse(known.details), cancel: attempt };
  if (bound && bound.attempt !== attempt.attempt) {
    const why = 'another start of this run has the command';
    const note = { at_ms: nowMs, kind: 'refused', attempt: attempt.attempt, about: why } as const;
    await storeExecution(tx, execution, noteTrail(execution, note), nowMs);
    return { ...refuse(why), cancel: attempt };
  }
  const nonceHash = hashToken(request.nonce);
  if (bound && !sameHash(bound.nonce_hash, nonceHash)) {
    return conflict(tx, execution, attempt, nowMs, 'a second runner showed the secret that the first one had used');
  }
  // A runner that does not name itself claims nothing that could be wrong: no false alarm about an honest one.
  const named = request.platform_execution;
  if (attempt.platform_execution !== undefined && named !== undefined && attempt.platform_execution !== named) {
    return conflict(
      tx,
      execution,
      attempt,
      nowMs,
      'the runner is not the one that the platform has started for this run',
    );
  }
  if (isUnwanted(execution.facts)) {
    const after = advance(execution, { kind: 'told_to_stop', attempt: attempt.attempt });
    await storeExecution(tx, execution, after, nowMs);
    return { kind: 'stop' };
  }
  if (!input && !execution.without_input) return refuse('its input is gone');
  const platform_execution = named ?? attempt.platform_execution;
  const after = advance(execution, {
    kind: 'bootstrapped',
    attempt: attempt.attempt,
    nonce_hash: nonceHash,
    ...(platform_execution === undefined ? {} : { platform_execution }),
    at_ms: nowMs,
  });
  await storeExecution(tx, execution, after, nowMs);
  return { kind: 'start', execution: after, input };
}

function refuse(why: string): Extract<Decision, { kind: 'refuse' }> {
  return { kind: 'refuse', failure: new Failure('BOOTSTRAP_REFUSED', why) };
}

/** Nobody can tell which of the two is the real one: the run ends. */
async function conflict(
  tx: Tx,
  execution: Execution,
  attempt: Attempt,
  nowMs: number,
  details: string,
): Promise<Decision> {
  const judged = advance(execution, { kind: 'bootstrap_conflict', details, at_ms: nowMs });
  const after =
    judged === execution ? execution : withFault(judged, { kind: 'bootstrap_conflict', at_ms: nowMs, details });
  await storeExecution(tx, execution, after, nowMs);
  return { ...refuse(details), cancel: attempt };
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
    ?.cancel(
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
    },
    batch_ms: deps.batchMs,
    session: runnerSession(deps.signingKeys, execution.execution_id, expiresAtMs),
    ...(deps.gitRoots === undefined ? {} : { git_roots: deps.gitRoots }),
  };
}

/** A store may answer fields in another order each time; the bytes of an answer depend on it. */
function inOrder({ url, ref, path }: GitSource): GitSource {
  return { url, ref, path };
}
