import { LIMITS } from '@runvoy/protocol';
import { requirePermission } from '../access/permissions.ts';
import { hashToken, newToken } from '../access/tokens.ts';
import { Failure, isFailure } from '../failure.ts';
import type { StartOrder } from '../jobs/job-runner.ts';
import type { Records, Tx } from '../records/records.ts';
import { readRunSecrets } from '../secrets/run-secrets.ts';
import type { SecretVault } from '../secrets/secret-vault.ts';
import { placeRun } from '../slots/place-run.ts';
import { inSlotLane } from '../slots/slot-lane.ts';
import { needsSlot, NO_LIMITS, type SlotLimits } from '../slots/slot-limits.ts';
import { slotsRef } from '../slots/slots.ts';
import { executionRef, type Execution } from './execution.ts';
import { newExecution } from './new-execution.ts';
import { newRunInput } from './run-environment.ts';
import { isEmpty, runInputRef, sealRunInput, type RunInput, type SealedRunInput } from './run-input.ts';
import { rememberKey, requireKey, storedEarlier } from './run-key.ts';
import { startOrder } from './start-order.ts';
import type { Submission, SubmitDeps } from './submission.ts';

/** The stored run and the order that starts it. None when it was stored before, or waits for a slot: whoever admits it starts it. */
export interface Accepted {
  readonly execution: Execution;
  readonly order?: StartOrder;
}

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
