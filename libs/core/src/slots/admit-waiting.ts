import { isTerminal } from '@runvoy/protocol';
import { hashToken, newToken, type RandomBytes } from '../access/tokens.ts';
import { advance } from '../executions/advance.ts';
import { waitingOfUser, type Execution } from '../executions/execution.ts';
import { tellEnd, type TellsEnds } from '../executions/run-ended.ts';
import { startExecution } from '../executions/start-execution.ts';
import { startOrder } from '../executions/start-order.ts';
import { requireExecution, storeExecution } from '../executions/store-execution.ts';
import type { JobRunner, StartOrder } from '../jobs/job-runner.ts';
import type { Records, Stored, Tx } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import { elapsedSince } from '../time/elapsed.ts';
import { limitReached, NO_LIMITS, type SlotLimits } from './slot-limits.ts';
import { inSlotLane } from './slot-lane.ts';
import { inTurn, NO_SLOTS, slotsRef, type Slots } from './slots.ts';

export interface AdmitDeps extends TellsEnds {
  readonly records: Records;
  readonly jobs: JobRunner;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Absent where none is configured: then whoever still waits is admitted. */
  readonly limits?: SlotLimits;
}

type Noticed = (error: unknown, about: string) => void;

/** A run of which it was read that it is next, and what of the slots that was read from. */
interface Next {
  readonly run: Execution;
  readonly serial: number;
}

/** How often in a row others may be faster before the rest is left to them, and to the tick. */
const OVERTAKEN_MAX = 8;
const STARTS_AT_ONCE = 8;
/** How long whoever has something else to answer goes on admitting: usually one run, all that wait where a limit was taken away. */
const ADMITS_MS = 10_000;
/** Most runs of a user are not held up by their image or key: the first one is the next. */
const RUNS_A_PAGE = 10;

/**
 * Gives free slots to the runs that wait, and starts them: users take turns, and each user's own runs go in the order in which they came,
 * past those whose image or key has no room. Attempt and slot are stored in one transaction, before the start. A run that has waited for too
 * long ends instead. Returns the runs admitted, as they are after their starts. Rejects when the store does not answer; what was
 * admitted until then is started all the same. `untilMs` is when to leave the rest to the next tick.
 */
export async function admitWaiting(deps: AdmitDeps, noticed: Noticed, untilMs = Infinity): Promise<Execution[]> {
  const admitted: Promise<Execution>[] = [];
  try {
    for (let overtaken = 0; overtaken < OVERTAKEN_MAX && deps.clock.now() < untilMs;) {
      const next = await findNext(deps);
      if (!next) break;
      const token = newToken(deps.random);
      const outcome = await admit(deps, next, token);
      overtaken = outcome.kind === 'overtaken' ? overtaken + 1 : 0;
      if (outcome.kind === 'admitted') admitted.push(start(deps, outcome.execution, token, noticed));
      if (admitted.length % STARTS_AT_ONCE === 0) await Promise.all(admitted);
    }
  } finally {
    await Promise.all(admitted);
  }
  return Promise.all(admitted);
}

async function findNext({ records, limits = NO_LIMITS }: AdmitDeps): Promise<Next | undefined> {
  const slots = (await records.get(slotsRef))?.value ?? NO_SLOTS;
  for (const { user } of inTurn(slots)) {
    const run = await nextOfUser(records, slots, limits, user);
    if (run) return { run, serial: slots.serial };
  }
  return undefined;
}

/** The first of a user's runs that has room. None is asked for when no run of this user can have any. */
async function nextOfUser(
  records: Records,
  slots: Slots,
  limits: SlotLimits,
  user: string,
): Promise<Execution | undefined> {
  const anyRun = { created_by: user, image_id: '', image_max_running: 0 };
  if (limitReached(slots, limits, anyRun)) return undefined;
  const equal = { waiting: true, created_by: user };
  let from: string | undefined;
  do {
    const page: { readonly records: readonly Stored<Execution>[]; readonly next?: string } = await records.page(
      waitingOfUser,
      { equal, limit: RUNS_A_PAGE },
      from,
    );
    const run = page.records.find(({ value }) => limitReached(slots, limits, value) === undefined);
    if (run) return run.value;
    from = page.next;
  } while (from !== undefined);
  return undefined;
}

type Outcome =
  | { readonly kind: 'admitted'; readonly execution: Execution }
  /** It had waited for too long, and has ended. */
  | { readonly kind: 'ended'; readonly execution: Execution; readonly before: Execution }
  /** Slots or queue have changed since they were read: somebody else may be next. */
  | { readonly kind: 'overtaken' };

async function admit(deps: AdmitDeps, { run, serial }: Next, token: string): Promise<Outcome> {
  const { records, jobs, clock } = deps;
  const decide = async (tx: Tx): Promise<Outcome> => {
    // In the order in which ends and stops read them, so that no two wait for each other.
    const before = await requireExecution(tx, run.execution_id);
    const slots = (await tx.get(slotsRef)) ?? NO_SLOTS;
    if (slots.serial !== serial || !before.waiting) return { kind: 'overtaken' };
    const at_ms = clock.now();
    if (isOverdue(before, clock)) {
      const execution = advance(before, { kind: 'queue_timed_out', at_ms });
      await storeExecution(tx, before, execution, at_ms, jobs);
      return { kind: 'ended', execution, before };
    }
    const platform_execution = jobs.nameOf?.({ execution_id: run.execution_id, attempt: 1 });
    const made = advance(before, {
      kind: 'attempt_made',
      attempt: 1,
      token_hash: hashToken(token),
      at_ms,
      ...(platform_execution === undefined ? {} : { platform_execution }),
    });
    const execution: Execution = { ...made, slot: true };
    await storeExecution(tx, before, execution, at_ms, jobs);
    return { kind: 'admitted', execution };
  };
  const outcome = await inSlotLane(records, () => records.transact(decide));
  if (outcome.kind === 'ended') tellEnd(deps, outcome.before, outcome.execution);
  return outcome;
}

async function start(deps: AdmitDeps, execution: Execution, token: string, noticed: Noticed): Promise<Execution> {
  const order: StartOrder = startOrder(execution, 1, token);
  return (await startExecution(deps, order, (error) => noticed(error, execution.execution_id))) ?? execution;
}

/** True when a run may wait no longer, as far as this process can vouch for how long it has waited. */
export function isOverdue({ waiting, queued }: Pick<Execution, 'waiting' | 'queued'>, clock: Clock): boolean {
  if (waiting !== true || queued === undefined) return false;
  return elapsedSince({ clock }, queued.since_ms) >= queued.until_ms - queued.since_ms;
}

/**
 * Admits others after what became of this run: its end has freed a slot, or it has joined the queue, where its turn may have come at
 * once. Never rejects: the next tick admits whom this one could not. Returns the run itself if it was admitted.
 */
export async function admitAfter(deps: AdmitDeps, run: Execution, noticed: Noticed): Promise<Execution | undefined> {
  if (!run.waiting && !(run.slot && isTerminal(run.status))) return undefined;
  try {
    const admitted = await admitWaiting(deps, noticed, deps.clock.now() + ADMITS_MS);
    return admitted.find(({ execution_id }) => execution_id === run.execution_id);
  } catch (error) {
    noticed(error, run.execution_id);
    return undefined;
  }
}
