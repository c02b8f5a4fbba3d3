import { isTerminal } from '@runvoy/protocol';
import type { Execution } from '../src/executions/execution.ts';
import { slotsRef, type Slots } from '../src/slots/slots.ts';
import type { Instance } from './instance.ts';
import { checkEvidence, checkEnd, checkProof, checkStep } from './invariants.ts';
import type { LogWatch } from './log-watch.ts';
import type { PlatformModel } from './platform.ts';
import type { RunTruth } from './run-truth.ts';
import type { SlotWatch, StoredStep } from './slot-watch.ts';
import { checkStop } from './stops.ts';
import type { World } from './world.ts';
import type { Write } from './write.ts';

/** Sees every write as it is committed, keeps what is stored in plain maps, and holds it against the truth. */
export class StoreWatch {
  readonly #world: World;
  readonly #platform: () => PlatformModel;
  readonly slots: SlotWatch;
  readonly logs: LogWatch;
  readonly #keptDays: number;
  #steps: StoredStep[] = [];
  /** Who wants to know that something of a run was stored. */
  readonly listeners = new Map<string, Set<() => void>>();
  readonly keys = new Map<string, string>();
  readonly outbox = new Set<string>();
  /** Events that a bus has accepted. */
  readonly published = new Set<string>();
  writes = 0;

  constructor(
    world: World,
    platform: () => PlatformModel,
    slots: SlotWatch,
    { logs, keptDays }: { readonly logs: LogWatch; readonly keptDays: number },
  ) {
    this.slots = slots;
    this.logs = logs;
    this.#keptDays = keptDays;
    this.#world = world;
    this.#platform = platform;
  }

  /** To be called with each commit, in order. */
  committed(writes: readonly Write[], by: Instance): void {
    if (writes.length > 0) this.#world.stillness.stir();
    this.#steps = [];
    for (const write of writes) {
      this.writes += 1;
      switch (write.ref.collection) {
        case 'executions':
          this.#execution(write, writes, by);
          break;
        case 'log-chunks':
          this.logs.chunk(write);
          this.#tellListeners(write.ref.id.slice(0, 32));
          break;
        case 'log-segments':
          this.logs.segment(write);
          break;
        case 'run-inputs':
          this.#input(write);
          break;
        case 'outbox':
          this.#outboxEntry(write);
          break;
        case 'idempotency':
          this.#key(write);
          break;
        case slotsRef.collection:
          if (write.ref.id === slotsRef.id) this.slots.slotsStored(write.value as Slots);
          break;
        default:
      }
    }
    this.slots.committed(this.#steps, by);
  }

  #execution({ ref, value, kind }: Write, writes: readonly Write[], by: Instance): void {
    const world = this.#world;
    const run = world.runs.get(ref.id);
    if (!run) return world.violate('foreign-line', `an execution nobody asked for: ${ref.id}`);
    if (kind === 'delete') return world.violate('lost-run', `${run.label} was deleted`);
    const before = run.execution;
    const after = value as Execution;
    run.execution = after;
    this.#steps.push({ run, before, after });
    noteTimes(run, after, world.nowMs);
    this.#tellSteps(run, before, after, by);
    checkStep(world, run, before, after);
    checkEvidence(world, this.#platform(), run, before, after);
    checkStop(world, this.#platform(), run, before, after);
    checkProof(world, run, before, after);
    this.logs.execution(run, before, after, this.#keptDays);
    if (isTerminal(after.status) && !(before && isTerminal(before.status))) {
      run.endStoredMs = world.nowMs;
      checkEnd(world, this.#platform(), run, after, writes);
      by.whenDead(() => {
        if (this.outbox.has(`finished-${run.id}`)) world.reach('end-then-crash');
      });
    }
    this.#tellListeners(run.id);
  }

  #tellListeners(id: string): void {
    for (const tell of this.listeners.get(id) ?? []) tell();
  }

  #input({ ref, kind }: Write): void {
    const run = this.#world.runs.get(ref.id);
    if (!run) return;
    run.hasInput = kind !== 'delete';
    if (run.hasInput && run.endStoredMs !== undefined) {
      this.#world.violate('input-destroyed', `${run.label}: its input was stored after the end`);
    }
  }

  #outboxEntry({ ref, kind }: Write): void {
    if (kind !== 'delete') {
      this.outbox.add(ref.id);
      return;
    }
    this.outbox.delete(ref.id);
    if (!this.published.has(ref.id)) this.#world.violate('outbox', `${ref.id} was removed and never published`);
  }

  #key({ ref, value, kind }: Write): void {
    if (kind === 'delete') return;
    const { execution_id } = (value as { made: { execution_id: string } }).made;
    if (this.keys.has(ref.id)) this.#world.violate('idempotency', `a key was given a second run ${execution_id}`);
    this.keys.set(ref.id, execution_id);
  }

  /** What is new in the record, as one step. */
  #tellSteps(run: RunTruth, before: Execution | undefined, after: Execution, by: Instance): void {
    const { trace } = this.#world;
    const { label } = run;
    const was = before?.facts;
    const is = after.facts;
    if (!before) {
      trace.step(`${label} ${is.attempts.length > 0 ? 'stored as STARTING' : 'stored, waits for a slot'}`);
      const twins = [...this.#world.runs.values()].filter((other) => other.execution && other.label === label);
      if (twins.length > 1) this.#world.violate('idempotency', `${label} was stored twice under one key`);
      return;
    }
    const news: string[] = [];
    if (is.attempts.length > was!.attempts.length) news.push(`attempt ${is.attempts.length} to be made`);
    if (is.bound && !was!.bound) news.push(`bound to attempt ${is.bound.attempt}`);
    if (is.stop && !was!.stop) news.push('stop stored');
    if (is.haste !== was!.haste && is.haste) news.push('haste stored');
    if (is.start_timed_out_at_ms !== was!.start_timed_out_at_ms) news.push('start called too late');
    if (is.conflict && !was!.conflict) news.push('conflict stored');
    if (is.report && !was!.report) news.push(`report stored (${is.report.cause})`);
    for (const attempt of is.attempts) {
      const known = was!.attempts.find((other) => other.attempt === attempt.attempt);
      if (attempt.end && !known?.end) news.push(`end of attempt ${attempt.attempt} stored`);
      if (attempt.lane_settled && !known?.lane_settled) news.push(`lane of attempt ${attempt.attempt} settled`);
      if (attempt.told_to_stop && !known?.told_to_stop) news.push(`attempt ${attempt.attempt} told to stop`);
      if (attempt.rejected && !known?.rejected) {
        news.push(`attempt ${attempt.attempt} given up (${attempt.rejected.reason})`);
      }
    }
    if (after.log_proven && !before.log_proven) news.push('log proven');
    if (after.status !== before.status) news.push(`now ${after.status}`);
    const text = `${label}: ${news.join(', ') || 'written'}`;
    // That a log is proven is news for its readers; the story goes on without it.
    if (news.length === 0 || news.join() === 'log proven') trace.detail(text);
    else trace.step(text);
    if (is.stop && !was!.stop) this.#stopStored(run, before, by);
    this.#noteSituations(run, before, after);
  }

  #stopStored(run: RunTruth, before: Execution, by: Instance): void {
    const world = this.#world;
    if (!before.facts.bound) world.reach('stop-before-bootstrap');
    if (run.startsUnderWay.size > 0) world.reach('stop-during-start');
    const storedMs = world.nowMs;
    by.whenDead(() => {
      if (world.nowMs - storedMs < 10_000 && run.endStoredMs === undefined) world.reach('stop-then-crash');
    });
  }

  #noteSituations(run: RunTruth, before: Execution, after: Execution): void {
    const world = this.#world;
    const { attempts, bound, stop, report } = after.facts;
    if (attempts.length > Math.max(1, before.facts.attempts.length)) {
      world.reach(attempts.length > 2 ? 'third-attempt' : 'second-attempt');
    }
    if (report && !before.facts.report) {
      const end = attempts.find((attempt) => attempt.attempt === bound?.attempt)?.end;
      if (end) world.reach('report-in-settle-window');
      if (!run.byFastLane.has('report')) world.reach('report-by-lane-only');
    }
    if (attempts.some((attempt) => attempt.rejected?.reason === 'start_timeout')) world.reach('start-deadline');
    if (attempts.some((attempt) => attempt.told_to_stop)) world.reach('told-to-stop');
    if (bound && !before.facts.bound) {
      const attempt = before.facts.attempts.find((known) => known.attempt === bound.attempt);
      if (attempt && attempt.platform_execution === undefined && run.startsUnderWay.size === 0) {
        world.reach('unknown-start-comes');
      }
    }
    if (after.end_record && !before.end_record && isTerminal(before.status)) world.reach('late-end-record');
    if (after.log_proven) world.reach('log-proven');
    if (!isTerminal(after.status) || isTerminal(before.status)) return;
    if (!bound && attempts.some((attempt) => attempt.end)) world.reach('end-before-bootstrap');
    if (bound && !report) world.reach('platform-verdict');
    if (stop && report?.cause === 'exited') world.reach('stop-too-late');
  }
}

const HOUR_MS = 3_600_000;

/** When things were, whatever the services' clock said. */
function noteTimes(run: RunTruth, { facts, queued }: Execution, nowMs: number): void {
  if (queued) run.queuedMs ??= trueMs(queued.since_ms, nowMs);
  for (const { attempt, made_at_ms } of facts.attempts) {
    if (!run.madeMs.has(attempt)) run.madeMs.set(attempt, trueMs(made_at_ms, nowMs));
  }
  if (facts.stop) run.stopStoredMs ??= trueMs(facts.stop.requested_at_ms, nowMs);
  if (facts.haste) run.hasteStoredMs ??= trueMs(facts.haste.requested_at_ms, nowMs);
}

/** What is stored was read from the clock a moment ago, when it may have been an hour ahead or behind. */
function trueMs(readMs: number, nowMs: number): number {
  return nowMs - ((((nowMs - readMs) % HOUR_MS) + HOUR_MS) % HOUR_MS);
}
