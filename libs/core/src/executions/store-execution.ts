import { isTerminal, type TerminalStatus } from '@runvoy/protocol';
import { Failure } from '../failure.ts';
import { addToOutbox, newEvent } from '../events/outbox.ts';
import type { Records, Tx } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import { advance } from './advance.ts';
import type { Evidence } from './evidence.ts';
import { executionRef, type Execution } from './execution.ts';
import { runInputRef } from './run-input.ts';

/**
 * Stores a changed execution within `tx`. When the change makes it terminal, the same transaction destroys the sealed input and
 * puts the event for subscribers into the outbox. Writing nothing when nothing changed is the caller's relief, too.
 */
export function storeExecution(tx: Tx, before: Execution, after: Execution, nowMs: number): void {
  if (after === before) return;
  tx.set(executionRef(after.execution_id), after);
  if (!isTerminal(after.status) || isTerminal(before.status)) return;
  tx.delete(runInputRef(after.execution_id));
  const ended_at_ms = after.completed_at_ms ?? nowMs;
  addToOutbox(
    tx,
    newEvent(
      'dev.runvoy.execution.finished.v1',
      {
        execution_id: after.execution_id,
        status: after.status satisfies TerminalStatus,
        exit_code: after.exit_code ?? 1,
        ended_at_ms,
      },
      { id: `finished-${after.execution_id}`, subject: after.execution_id, at_ms: ended_at_ms },
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

/** Takes evidence in, in one transaction, all of it or nothing. Returns the execution as it is then. */
export async function applyEvidence(
  { records, clock }: { records: Records; clock: Clock },
  id: string,
  evidence: readonly Evidence[],
): Promise<Execution> {
  return records.transact(async (tx) => {
    const before = await requireExecution(tx, id);
    const after = evidence.reduce(advance, before);
    storeExecution(tx, before, after, clock.now());
    return after;
  });
}
