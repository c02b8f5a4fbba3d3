import { LIMITS, type GitSource, type Isolation, type Network, type RunRequest } from '@runvoy/protocol';
import type { Caller } from '../access/authenticate.ts';
import { isWithin } from '../access/key-scope.ts';
import { requirePermission } from '../access/permissions.ts';
import { hashToken, newExecutionId, newToken, type RandomBytes } from '../access/tokens.ts';
import { Failure, isFailure } from '../failure.ts';
import { hashBody, IDEMPOTENCY_MS, idempotencyRef } from '../idempotency/idempotency.ts';
import type { Image } from '../images/image.ts';
import { resolveImage } from '../images/resolve-image.ts';
import type { Demand, JobRunner, StartOrder } from '../jobs/job-runner.ts';
import type { Records, Tx } from '../records/records.ts';
import { readRunSecrets } from '../secrets/run-secrets.ts';
import type { SecretVault } from '../secrets/secret-vault.ts';
import { placeRun } from '../slots/place-run.ts';
import { inSlotLane } from '../slots/slot-lane.ts';
import { needsSlot, NO_LIMITS, type SlotLimits } from '../slots/slot-limits.ts';
import { slotsRef } from '../slots/slots.ts';
import type { Clock } from '../time/clock.ts';
import { executionRef, type Execution } from './execution.ts';
import { newGitSource } from './git-source.ts';
import { newRunInput } from './run-environment.ts';
import { isEmpty, runInputRef, sealRunInput, type RunInput, type SealedRunInput } from './run-input.ts';
import type { RunPolicy } from './run-policy.ts';
import { startOrder } from './start-order.ts';

export interface SubmitDeps {
  readonly records: Records;
  readonly vault: SecretVault;
  readonly jobs: JobRunner;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly policy: RunPolicy;
}

export interface Submission {
  readonly request: RunRequest;
  readonly caller: Caller;
  readonly requestId: string;
  /** The caller's `Idempotency-Key`, when it sent one. */
  readonly idempotencyKey?: string;
}

/** The stored run and the order that starts it. None when it was stored before, or waits for a slot: whoever admits it starts it. */
export interface Accepted {
  readonly execution: Execution;
  readonly order?: StartOrder;
}

/** The image that means "this machine": the default where the isolation cannot honour any other. */
export const HOST_IMAGE = 'host';

/** These have no image but the machine. */
const RUNS_HOST_PROGRAMS: ReadonlySet<Isolation> = new Set(['bubblewrap', 'process']);

/** The input outlives its run by this much at most, should the run's end never be stored. */
const INPUT_OUTLIVES_MS = 86_400_000;

/**
 * Decides whether the run may be, and stores it as STARTING with its first attempt, before anything starts. Where limits have no room
 * for it, it is stored without an attempt and waits.
 * The same `Idempotency-Key` and body answer with the run stored first; the same key with another body fails with
 * `IDEMPOTENCY_CONFLICT`. Other failures name the field that was wrong.
 */
export async function submitRun(deps: SubmitDeps, submission: Submission): Promise<Accepted> {
  const { request, caller } = submission;
  requirePermission(caller, 'run.create');
  if (deps.policy.noRunner !== undefined) throw new Failure('NO_RUNNER', deps.policy.noRunner);
  requireCommand(request.command);
  requireKey(submission.idempotencyKey);
  // Answered before anything is decided anew: what was accepted once stays so, whatever became of its image or the rules since.
  const accepted = await storedEarlier(deps.records, submission);
  if (accepted) return { execution: accepted };
  const token = newToken(deps.random);
  const secrets = await readRunSecrets(deps, request.secrets ?? [], caller);
  const input = newRunInput(request.env ?? {}, secrets.values);
  const execution = await newExecution(deps, submission, {
    secrets: secrets.names,
    input,
    tokenHash: hashToken(token),
  });
  const limits = deps.policy.limits ?? NO_LIMITS;
  const sealed = isEmpty(input) ? undefined : await sealInput(deps.vault, execution, input, limits);
  const stored = await storeRun(deps.records, submission, execution, sealed, limits);
  if (stored.execution_id !== execution.execution_id || stored.waiting) return { execution: stored };
  return { execution: stored, order: startOrder(stored, 1, token) };
}

/** Stores the run, or finds the one that a request with the same key has stored meanwhile: its key is taken then. */
async function storeRun(
  records: Records,
  submission: Submission,
  execution: Execution,
  sealed: SealedRunInput | undefined,
  limits: SlotLimits,
): Promise<Execution> {
  try {
    const store = async (tx: Tx) => {
      const placed = await placeRun(tx, limits, execution);
      rememberKey(tx, submission, execution);
      if (placed.slots) tx.set(slotsRef, placed.slots);
      tx.create(executionRef(execution.execution_id), placed.execution);
      if (sealed) tx.create(runInputRef(execution.execution_id), sealed);
      return placed.execution;
    };
    if (!needsSlot(limits, execution)) return await records.transact(store);
    return await inSlotLane(records, () => records.transact(store));
  } catch (error) {
    const earlier = isFailure(error, 'RECORD_EXISTS') ? await storedEarlier(records, submission) : undefined;
    if (!earlier) throw error;
    return earlier;
  }
}

function sealInput(
  vault: SecretVault,
  execution: Execution,
  input: RunInput,
  limits: SlotLimits,
): Promise<SealedRunInput> {
  const { execution_id, started_at_ms, timeout_s } = execution;
  const mayWaitS = needsSlot(limits, execution) ? limits.queue_timeout_s : 0;
  const deleteAtMs = started_at_ms + (mayWaitS + timeout_s) * 1000 + INPUT_OUTLIVES_MS;
  return sealRunInput(vault, execution_id, input, deleteAtMs);
}

function requireCommand(command: string): void {
  if (command.trim() === '') throw new Failure('INVALID_REQUEST', 'command is required');
  const bytes = Buffer.byteLength(command);
  if (bytes > LIMITS.commandBytes) {
    throw new Failure('PAYLOAD_TOO_LARGE', `command is ${bytes} bytes; the limit is ${LIMITS.commandBytes}.`);
  }
  if (command.includes('\0')) throw new Failure('UNPROCESSABLE', 'command holds a NUL byte, which no shell accepts.');
}

function requireKey(key: string | undefined): void {
  if (key === undefined) return;
  if (key === '') throw new Failure('INVALID_REQUEST', 'Idempotency-Key is empty.');
  if (key.length > LIMITS.idempotencyKeyChars) {
    throw new Failure(
      'UNPROCESSABLE',
      `Idempotency-Key is ${key.length} characters; the limit is ${LIMITS.idempotencyKeyChars}.`,
    );
  }
}

/** What was made for the run before its record. */
interface Made {
  readonly secrets: readonly string[];
  readonly input: RunInput;
  readonly tokenHash: string;
}

async function newExecution(deps: SubmitDeps, submission: Submission, made: Made): Promise<Execution> {
  const { request, caller, requestId } = submission;
  const { policy, clock, random } = deps;
  const image = await resolveImage(deps.records, request.image);
  requireImageOfKey(image, request.image, caller);
  const isolation = chooseIsolation(deps, request, caller, image);
  const network = chooseNetwork(request, image);
  requireMeans(deps, isolation, image, network);
  const git = newGitSource(request, { isAdmin: caller.user.role === 'admin', gitRoots: policy.gitRoots });
  requireReach(git, network);
  const now = clock.now();
  const execution_id = newExecutionId(random);
  const platform_execution = deps.jobs.nameOf?.({ execution_id, attempt: 1 });
  return {
    execution_id,
    created_by: caller.user.email,
    owned_by: [caller.user.email],
    command: request.command,
    image_id: image.image_id,
    image: image.image,
    cpu: image.cpu,
    memory_mib: image.memory_mib,
    ...(image.max_running === undefined ? {} : { image_max_running: image.max_running }),
    ...(image.task_role_name === undefined ? {} : { service_account: image.task_role_name }),
    isolation,
    ...(network === 'none' ? { network } : {}),
    ...(git === undefined ? {} : { git }),
    timeout_s: chooseTimeout(policy, request.timeout ?? 0),
    grace_ms: chooseGrace(request.grace),
    max_log_bytes: policy.maxLogBytes,
    ...(made.secrets.length === 0 ? {} : { secrets: made.secrets }),
    ...(isEmpty(made.input) ? { without_input: true } : {}),
    request_id: requestId,
    modified_by_request_id: requestId,
    started_at_ms: now,
    cloud: policy.cloud,
    facts: {
      attempts: [
        {
          attempt: 1,
          token_hash: made.tokenHash,
          made_at_ms: now,
          ...(platform_execution === undefined ? {} : { platform_execution }),
        },
      ],
    },
    status: 'STARTING',
    unfinished: true,
    faults: [],
  };
}

function requireImageOfKey(image: Image, asked: string | undefined, { scope }: Caller): void {
  if (isWithin(scope.images, image.image_id, image.image, ...(asked ? [asked] : []))) return;
  throw new Failure('FORBIDDEN', `This key is held to the images ${scope.images?.join(', ')}; got ${image.image_id}.`);
}

/** A lower level than the deployment's is never taken silently: only when the caller names it. */
function chooseIsolation(deps: SubmitDeps, request: RunRequest, caller: Caller, image: Image): Isolation {
  const isolation = request.isolation ?? deps.policy.isolation;
  if (!deps.jobs.isolations.includes(isolation)) {
    throw new Failure(
      'ISOLATION_UNAVAILABLE',
      `Isolation ${isolation} is not available here; available: ${deps.jobs.isolations.join(', ')}.`,
    );
  }
  if (isolation === 'process' && caller.user.role !== 'admin' && !deps.policy.trustAllUsers) {
    throw new Failure(
      'FORBIDDEN',
      'Isolation process keeps nothing of the server from a command, so only admins may run. ' +
        'RUNVOY_LOCAL_TRUST_ALL_USERS=true lets everybody.',
    );
  }
  const isWaived = request.isolation === isolation || image.image === HOST_IMAGE;
  if (RUNS_HOST_PROGRAMS.has(isolation) && !isWaived) {
    throw new Failure(
      'IMAGE_NEEDS_CONTAINER',
      `Image ${image.image} needs a container engine, and isolation ${isolation} runs the programs of this machine. ` +
        `Install podman or docker and start the server again, or run it without the image: --isolation ${isolation}.`,
    );
  }
  return isolation;
}

/** What an image does not have, a run cannot be given. */
function chooseNetwork(request: RunRequest, image: Image): Network {
  if (image.network !== 'none') return request.network ?? 'default';
  if (request.network === 'default') {
    throw new Failure('UNPROCESSABLE', `Image ${image.image_id} is registered with network none; its runs have none.`);
  }
  return 'none';
}

/** What an isolation cannot limit it does not offer: whoever asked for it is told, not given less. */
function requireMeans({ jobs }: SubmitDeps, isolation: Isolation, image: Image, network: Network): void {
  const lacking = jobs.shortcomings?.[isolation] ?? [];
  const size = image.is_sized ? (['cpu', 'memory'] as const) : [];
  const demands: readonly Demand[] = [...size, ...(network === 'none' ? (['no_network'] as const) : [])];
  const unmet = demands.filter((demand) => lacking.includes(demand));
  if (unmet.length === 0) return;
  throw new Failure(
    'ISOLATION_TOO_WEAK',
    `Isolation ${isolation} cannot enforce ${unmet.map((demand) => MEANS[demand]).join(' and ')}. ` +
      `${adviceFor(jobs, unmet)}${size.length > 0 ? ' Or register the image without cpu and memory.' : ''}`,
  );
}

const MEANS: Readonly<Record<Demand, string>> = {
  cpu: 'the cpu limit of its image',
  memory: 'the memory limit of its image',
  no_network: 'network none',
};

function adviceFor({ isolations, shortcomings }: JobRunner, demands: readonly Demand[]): string {
  const other = isolations.find((known) => !demands.some((demand) => shortcomings?.[known]?.includes(demand)));
  if (other !== undefined) return `Use isolation ${other}.`;
  if (!isolations.includes('process') || isolations.includes('container')) return 'Nothing here can.';
  return 'Isolation container can: install podman or docker here and start the server again.';
}

/** A clone is made by the run itself. */
function requireReach(git: GitSource | undefined, network: Network): void {
  if (network === 'default' || !git || git.url.startsWith('file:')) return;
  throw new Failure('UNPROCESSABLE', `git_repo ${git.url} cannot be cloned by a run with network none.`);
}

function chooseTimeout(policy: RunPolicy, seconds: number): number {
  if (seconds < 0 || !Number.isInteger(seconds)) {
    throw new Failure('UNPROCESSABLE', `timeout must be a whole number of seconds; got ${seconds}.`);
  }
  if (seconds > policy.timeoutMaxS) {
    throw new Failure('UNPROCESSABLE', `timeout is ${seconds} s; the limit is ${policy.timeoutMaxS} s.`);
  }
  return seconds === 0 ? policy.timeoutDefaultS : seconds;
}

function chooseGrace(seconds: number | undefined): number {
  if (seconds === undefined) return LIMITS.graceDefaultMs;
  const limit = LIMITS.graceMaxMs / 1000;
  if (!(seconds >= 0 && seconds <= limit)) {
    throw new Failure('UNPROCESSABLE', `grace must be 0 to ${limit} seconds; got ${seconds}.`);
  }
  return Math.round(seconds * 1000);
}

async function storedEarlier(
  records: Records,
  { request, caller, idempotencyKey }: Submission,
): Promise<Execution | undefined> {
  if (idempotencyKey === undefined) return undefined;
  const record = (await records.get(keyRef(caller, idempotencyKey)))?.value;
  if (!record) return undefined;
  if (record.body_hash !== hashBody(request)) throw new Failure('IDEMPOTENCY_CONFLICT', idempotencyKey);
  return (await records.get(executionRef(record.execution_id)))?.value;
}

function rememberKey(tx: Tx, { request, caller, idempotencyKey }: Submission, execution: Execution): void {
  if (idempotencyKey === undefined) return;
  tx.create(keyRef(caller, idempotencyKey), {
    body_hash: hashBody(request),
    execution_id: execution.execution_id,
    delete_at_ms: execution.started_at_ms + IDEMPOTENCY_MS,
  });
}

function keyRef(caller: Caller, key: string) {
  return idempotencyRef({ user_email: caller.user.email, route: 'POST /api/v1/run', key });
}
