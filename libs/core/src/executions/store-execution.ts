import { isTerminal, type TerminalStatus } from '@runvoy/protocol';
import { Failure } from '../failure.ts';
import { addToOutbox, newEvent } from '../events/outbox.ts';
import { withArchivePlan } from '../logs/archive-plan.ts';
import type { Records, Stored, Tx } from '../records/records.ts';
import type { Clock, Millis } from '../time/clock.ts';
import { advance } from './advance.ts';
import type { Evidence } from './evidence.ts';
import { executionRef, type Execution } from './execution.ts';
import { needsFinishing, type Keeper } from './needs-finishing.ts';
import { tellEnd, type TellsEnds } from './run-ended.ts';
import { runInputRef } from './run-input.ts';
import { inSlotLane } from '../slots/slot-lane.ts';
import { changesSlots, slotsAfter } from '../slots/slots-after.ts';
import { slotsRef } from '../slots/slots.ts';
import type { TrailEntry } from './trail-entry.ts';
import { noteTrail, withTrail } from './trail.ts';

export interface EvidenceDeps extends TellsEnds {
  readonly records: Records;
  readonly clock: Clock;
  /** Absent where nobody may ask the platform. */
  readonly jobs?: Keeper;
}

/**
 * Stores a changed execution within `tx`. When the change makes it terminal, the same transaction destroys the sealed input and
 * puts the event for subscribers into the outbox; only a `platform` that is named can make that unnecessary. With a slot, or a place
 * in the queue, that changes hands the record of the slots is read and written, so nothing may have been written in `tx` before.
 * Writing nothing when nothing changed is the caller's relief, too.
 */
export async function storeExecution(
  tx: Tx,
  before: Execution,
  after: Execution,
  nowMs: number,
  platform?: Keeper,
): Promise<void> {
  if (after === before) return;
  const slots = await slotsAfter(tx, before, after);
  if (slots) tx.set(slotsRef, slots);
  tx.set(executionRef(after.execution_id), withArchivePlan(before, withTrail(before, after, nowMs), nowMs));
  const { status } = after;
  if (!isTerminal(status) || isTerminal(before.status)) return;
  if (!after.without_input) tx.delete(runInputRef(after.execution_id));
  if (!needsFinishing(after, platform)) return;
  const ended_at_ms = after.completed_at_ms ?? nowMs;
  addToOutbox(
    tx,
    newEvent(
      'dev.runvoy.execution.finished.v1',
      {
        execution_id: after.execution_id,
        status: status satisfies TerminalStatus,
        exit_code: after.exit_code ?? 1,
        ended_at_ms,
      },
      {
        id: `finished-${after.execution_id}`,
        subject: after.execution_id,
        at_ms: ended_at_ms,
        traceparent: after.traced && after.traceparent,
      },
    ),
    nowMs,
  );
}

/** Reads the execution within `tx`; fails with `EXECUTION_NOT_FOUND`. */
export async function requireExecution(tx: Pick<Tx, 'get'>, id: string): Promise<Execution> {
  const execution = await tx.get(executionRef(id));
  if (!execution) throw new Failure('EXECUTION_NOT_FOUND', id);
  return execution;
}

/** Takes evidence in, in one transaction, all of it or nothing, and `notes` for whoever asks why. Returns the execution as it is then. */
export async function applyEvidence(
  deps: EvidenceDeps,
  id: string,
  evidence: readonly Evidence[],
  notes: readonly TrailEntry[] = [],
): Promise<Execution> {
  const { records, clock, jobs } = deps;
  const { known, stored } = await records.transact(async (tx) => {
    const before = await requireExecution(tx, id);
    const after = take(before, evidence, notes, clock.now());
    await storeExecution(tx, before, after, clock.now(), jobs);
    return { known: before, stored: after };
  });
  tellEnd(deps, known, stored);
  return stored;
}

/** The same for a record that was just read: it is not read again, unless it has changed since or others change with it. */
export async function applyEvidenceTo(
  deps: EvidenceDeps,
  read: Stored<Execution>,
  evidence: readonly Evidence[],
  notes: readonly TrailEntry[] = [],
): Promise<Execution> {
  const after = take(read.value, evidence, notes, deps.clock.now());
  if (await replaceExecution(deps, read, after)) {
    tellEnd(deps, read.value, after);
    return after;
  }
  const apply = () => applyEvidence(deps, read.id, evidence, notes);
  return changesSlots(read.value, after) ? inSlotLane(deps.records, apply) : apply();
}

function take(
  before: Execution,
  evidence: readonly Evidence[],
  notes: readonly TrailEntry[],
  nowMs: Millis,
): Execution {
  const after = withTrail(before, notes.reduce(noteTrail, evidence.reduce(advance, before)), nowMs);
  return withArchivePlan(before, after, nowMs);
}

/**
 * Stores `after` in place of the record that was read. False, and nothing is stored, when nothing is new, when the record has changed
 * since, or when its change takes other records with it: those are for a transaction.
 */
export async function replaceExecution(
  { records, jobs }: Pick<EvidenceDeps, 'records' | 'jobs'>,
  { id, version, value: before }: Stored<Execution>,
  after: Execution,
): Promise<boolean> {
  if (after === before || changesSlots(before, after)) return false;
  const isEnd = isTerminal(after.status) && !isTerminal(before.status);
  if (isEnd && !(after.without_input && !needsFinishing(after, jobs))) return false;
  return records.compareAndSet(executionRef(id), version, after);
}
