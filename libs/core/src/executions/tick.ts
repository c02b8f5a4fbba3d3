import type { EventBus } from '../events/event-bus.ts';
import { drainOutbox } from '../events/outbox.ts';
import { admitAfter } from '../slots/admit-waiting.ts';
import { tendSlots } from '../slots/tend-slots.ts';
import type { Execution } from './execution.ts';
import { byUrgency, lookAtExecution, type LookDeps } from './look-at-execution.ts';
import { startExecution } from './start-execution.ts';
import { isStopOverdue } from './stop-in-force.ts';
import { countByStatus, unfinishedExecutions, type CountByStatus } from './unfinished.ts';

const LOOKS_AT_ONCE = 8;
const EXPIRED_A_TICK = 500;
/** Cloud Scheduler's minute, less what the last looks may take. */
const BUDGET_MS = 50_000;

export interface TickDeps extends LookDeps {
  readonly bus: Pick<EventBus, 'publish'>;
}

export interface TickReport {
  readonly looked: number;
  /** Runs that could not be looked at; nothing was concluded about them. */
  readonly failed: number;
  /** Runs left for the next tick because the budget was spent. */
  readonly left: number;
  readonly published: number;
  readonly expired: number;
  /** Stops that should have been confirmed by now; each look sends their cancel again. */
  readonly overdue: readonly string[];
  /** Runs that waited for a slot and were given one. */
  readonly admitted: number;
  /** Runs under way when it began. */
  readonly unfinished: CountByStatus;
}

/**
 * What passing time asks for: a look at every run under way, most urgent first, slots and their queue, the outbox, expired records.
 * Its cost is set by how many runs are unfinished, never by history. Overlapping ticks do what one does.
 */
export async function tick(deps: TickDeps, noticed: (error: unknown, about: string) => void): Promise<TickReport> {
  const startedMs = deps.clock.now();
  const runs = (await unfinishedExecutions(deps.records)).toSorted(byUrgency);
  const unfinished = countByStatus(runs);
  // Of a run that waits for a slot the platform knows nothing.
  const queue = runs.filter(({ waiting }) => !waiting);
  // One that cannot be looked at stays one: nothing is known that would say otherwise.
  const overdue = new Set(runs.filter((run) => isStopOverdue(run, startedMs)).map(({ execution_id }) => execution_id));
  let looked = 0;
  let failed = 0;
  const worker = async () => {
    while (deps.clock.now() - startedMs < BUDGET_MS) {
      const run = queue.shift();
      if (!run) return;
      try {
        const seen = await lookAndStart(deps, run.execution_id, noticed);
        looked += 1;
        if (!isStopOverdue(seen, deps.clock.now())) overdue.delete(run.execution_id);
      } catch (error) {
        failed += 1;
        noticed(error, run.execution_id);
      }
    }
  };
  const tending = tendSlots(deps, runs, noticed, startedMs + BUDGET_MS).catch((error: unknown) => {
    noticed(error, 'slots');
    return 0;
  });
  await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, worker));
  const admitted = await tending;
  const published = await drainOutbox(deps).catch((error: unknown) => {
    noticed(error, 'outbox');
    return 0;
  });
  const expired = await deps.records.removeExpired(deps.clock.now(), EXPIRED_A_TICK);
  return { looked, failed, left: queue.length, published, expired, overdue: [...overdue].sort(), admitted, unfinished };
}

/** Looks at a run and makes the start the look calls for: its own, or those of runs that waited for its slot. */
export async function lookAndStart(
  deps: LookDeps,
  executionId: string,
  noticed: (error: unknown, about: string) => void,
): Promise<Execution> {
  const { execution, order } = await lookAtExecution(deps, executionId);
  const after = (order && (await startExecution(deps, order, (error) => noticed(error, executionId)))) ?? execution;
  await admitAfter(deps, after, noticed);
  return after;
}
