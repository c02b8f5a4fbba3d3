import { LIMITS } from '@runvoy/protocol';
import { requirePermission } from '../access/permissions.ts';
import { hashToken, newToken } from '../access/tokens.ts';
import { Failure } from '../failure.ts';
import { keyedBy } from '../idempotency/keyed-call.ts';
import type { Keep } from '../idempotency/once.ts';
import type { Records, Tx } from '../records/records.ts';
import { readRunSecrets } from '../secrets/run-secrets.ts';
import type { SecretVault } from '../secrets/secret-vault.ts';
import { placeRun } from '../slots/place-run.ts';
import { inSlotLane } from '../slots/slot-lane.ts';
import { needsSlot, NO_LIMITS, type SlotLimits } from '../slots/slot-limits.ts';
import { slotsRef } from '../slots/slots.ts';
import type { Accepted } from './accepted.ts';
import { executionRef, type Execution } from './execution.ts';
import { newExecution } from './new-execution.ts';
import { onceRun, type MadeRun } from './once-run.ts';
import { newRunInput } from './run-environment.ts';
import { isEmpty, runInputRef, sealRunInput, type RunInput, type SealedRunInput } from './run-input.ts';
import { startOrder } from './start-order.ts';
import type { Submission, SubmitDeps } from './submission.ts';

/** The input outlives its run by this much at most, should the run's end never be stored. */
const INPUT_OUTLIVES_MS = 86_400_000;

/**
 * Decides whether the run may be, and stores it as STARTING with its first attempt, before anything starts. Where limits have no room
 * for it, it is stored without an attempt and waits.
 * The same `Idempotency-Key` and body answer with the run stored first; see `once` for what else a key may lead to. Other failures
 * name the field that was wrong.
 */
export async function submitRun(deps: SubmitDeps, submission: Submission): Promise<Accepted> {
  requirePermission(submission.caller, 'run.create');
  return onceRun(deps, keyedCall(submission), (keep) => acceptRun(deps, submission, keep));
}

function keyedCall({ request, caller, idempotencyKey: key }: Submission) {
  return key === undefined ? undefined : { by: keyedBy(caller), route: 'POST /api/v1/run', key, body: request };
}

/** Decides and stores as `submitRun` does, for whoever looks after the `Idempotency-Key`: what is kept goes into `keep`. */
export async function acceptRun(
  deps: SubmitDeps,
  submission: Omit<Submission, 'idempotencyKey'>,
  keep: Keep<MadeRun>,
): Promise<Accepted> {
  const { request, caller } = submission;
  requirePermission(caller, 'run.create');
  if (deps.policy.noRunner !== undefined) throw new Failure('NO_RUNNER', deps.policy.noRunner);
  requireCommand(request.command);
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
  const stored = await storeRun(deps.records, execution, sealed, limits, keep);
  return stored.waiting ? { execution: stored } : { execution: stored, order: startOrder(stored, 1, token) };
}

async function storeRun(
  records: Records,
  execution: Execution,
  sealed: SealedRunInput | undefined,
  limits: SlotLimits,
  keep: Keep<MadeRun>,
): Promise<Execution> {
  const store = async (tx: Tx) => {
    const placed = await placeRun(tx, limits, execution);
    keep.put(tx, { execution_id: execution.execution_id });
    if (placed.slots) tx.set(slotsRef, placed.slots);
    tx.create(executionRef(execution.execution_id), placed.execution);
    if (sealed) tx.create(runInputRef(execution.execution_id), sealed);
    return placed.execution;
  };
  if (!needsSlot(limits, execution)) return records.transact(store);
  return inSlotLane(records, () => records.transact(store));
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
