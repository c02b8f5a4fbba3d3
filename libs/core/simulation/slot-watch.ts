import { isTerminal } from '@runvoy/protocol';
import type { Execution } from '../src/executions/execution.ts';
import type { SlotLimits } from '../src/slots/slot-limits.ts';
import type { Slots } from '../src/slots/slots.ts';
import type { Instance } from './instance.ts';
import type { RunTruth } from './run-truth.ts';
import { WINDOWS } from './windows.ts';
import type { World } from './world.ts';

/** What one commit did to a run. */
export interface StoredStep {
  readonly run: RunTruth;
  readonly before: Execution | undefined;
  readonly after: Execution;
}

/**
 * [slots] and [fair-queue] at every commit. Who holds a slot and who waits is told from the executions alone; the record of the slots
 * only has to say the same.
 */
export class SlotWatch {
  readonly #world: World;
  readonly #limits: SlotLimits;
  #slots: Slots | undefined;
  /** By user who waits and had room each time: who was served since its own turn. */
  readonly #passed = new Map<string, Set<string>>();
  /** Since when a run waits although there is room for it. */
  #roomSinceMs: number | undefined;

  constructor(world: World, limits: SlotLimits) {
    this.#world = world;
    this.#limits = limits;
  }

  get isLimited(): boolean {
    const { deployment, user, image } = this.#limits;
    return deployment + user + image > 0;
  }

  slotsStored(slots: Slots): void {
    this.#slots = slots;
  }

  /** To be called once all writes of a commit are taken in. */
  committed(steps: readonly StoredStep[], by: Instance): void {
    if (!this.isLimited) {
      if (this.#slots) this.#world.violate('slots', 'a record of slots is stored although no limit is set');
      return;
    }
    for (const step of steps) this.#checkStep(step, steps, by);
    this.#checkRecord();
    const hasRoom = this.#waiting().some((run) => this.#hasRoom(run, this.#holding()));
    this.#roomSinceMs = hasRoom ? (this.#roomSinceMs ?? this.#world.nowMs) : undefined;
  }

  /** Nobody waits for ever: to be called now and then once nothing goes wrong any more. */
  checkWaiting(healingMs: number): void {
    const { nowMs } = this.#world;
    const isLate = (sinceMs: number) => nowMs > Math.max(healingMs, sinceMs) + WINDOWS.terminalMs;
    if (this.#roomSinceMs !== undefined && isLate(this.#roomSinceMs)) {
      this.#world.violate('fair-queue', `a slot is free, and ${this.#waiting()[0]?.label} waits for it`);
    }
    for (const run of this.#waiting()) {
      // Where the clock has jumped, the whole time counts from when that was noticed.
      if (isLate(Math.max(mayWaitUntilMs(run), this.#world.jumpNoticedMs + waitsMs(run)))) {
        this.#world.violate('fair-queue', `${run.label} waits longer than a run may`);
      }
    }
  }

  #checkStep({ run, before, after }: StoredStep, steps: readonly StoredStep[], by: Instance): void {
    const world = this.#world;
    const isOver = isTerminal(after.status);
    const wasWaiting = before !== undefined && isWaiting(before);
    if (!before && isWaiting(after)) world.reach('waits-for-slot');
    if (wasWaiting && after.status === 'STOPPED') world.reach('stopped-in-queue');
    if (after.reason === 'queue_timeout' && !(before && isTerminal(before.status))) {
      world.reach('queue-timeout');
      if (!wasWaiting || (world.nowMs < mayWaitUntilMs(run) && !world.isSomebodyUnaware)) {
        world.violate('fair-queue', `${run.label} was told that it waited too long, and did not`);
      }
    }
    if (isOver && before && !isTerminal(before.status) && !wasWaiting) this.#slotFreed(by);
    if (!isOver && after.facts.attempts.length > 0 && (!before || wasWaiting)) {
      this.#checkAdmission(run, wasWaiting, new Map(steps.map((step) => [step.run, step.before])), by);
    }
    if (wasWaiting && !isWaiting(after)) {
      const { created_by } = after;
      if (!this.#waiting().some((other) => other.execution!.created_by === created_by)) this.#passed.delete(created_by);
    }
  }

  #slotFreed(by: Instance): void {
    const freedMs = this.#world.nowMs;
    by.whenDead(() => {
      if (this.#roomSinceMs === freedMs) this.#world.reach('end-without-admission');
    });
  }

  /** A run has its slot now. `before` is what the runs of this commit were until it. */
  #checkAdmission(
    run: RunTruth,
    wasWaiting: boolean,
    before: ReadonlyMap<RunTruth, Execution | undefined>,
    by: Instance,
  ): void {
    const world = this.#world;
    const was = (other: RunTruth) => (before.has(other) ? before.get(other) : other.execution);
    const stored = [...world.runs.values()].filter((other) => was(other) !== undefined);
    const holding = stored.filter((other) => holdsSlot(was(other)!));
    const waiting = stored.filter((other) => isWaiting(was(other)!) && this.#hasRoom(other, holding));
    const user = run.execution!.created_by;
    if (!wasWaiting) {
      if (waiting.length > 0) world.violate('fair-queue', `${run.label} overtakes ${waiting[0]!.label}`);
      return;
    }
    world.reach('admitted');
    // By when that was decided: a slow store may take a while to keep it.
    if ((run.madeMs.get(1) ?? world.nowMs) >= mayWaitUntilMs(run) && !world.hasClockJumped) {
      world.violate('fair-queue', `${run.label} is started although it waited too long`);
    }
    const older = waiting.find((other) => other.execution!.created_by === user && isOlder(other, run));
    if (older) world.violate('fair-queue', `${run.label} is started before ${older.label} of the same user`);
    for (const other of new Set(waiting.map(({ execution }) => execution!.created_by))) {
      if (other === user) continue;
      const passed = this.#passed.get(other) ?? new Set();
      if (passed.has(user)) world.violate('fair-queue', `${user} is served twice while ${other} waits`);
      this.#passed.set(other, passed.add(user));
      if (waiting.some((one) => one.execution!.created_by === other && isOlder(one, run)))
        world.reach('turn-of-another');
    }
    this.#passed.delete(user);
    by.whenDead(() => {
      if (run.execution!.facts.attempts.at(-1)?.attempt === 1 && run.startsAsked.size === 0)
        world.reach('admitted-then-crash');
    });
  }

  #checkRecord(): void {
    const world = this.#world;
    const slots = this.#slots ?? { serial: 0, holders: [], queues: [] };
    const holding = this.#holding();
    const names = (ids: readonly string[]) => ids.toSorted().join();
    const held = names(slots.holders.map(({ execution_id }) => execution_id));
    if (held !== names(holding.map(({ id }) => id))) {
      const labels = slots.holders.map(({ execution_id }) => world.runs.get(execution_id)?.label ?? execution_id);
      world.violate(
        'slots',
        `held by ${labels.join(', ') || 'nobody'}, under way ${holding.map(({ label }) => label).join(', ') || 'nothing'}`,
      );
    }
    for (const run of holding) {
      if (
        !this.#hasRoom(
          run,
          holding.filter((other) => other !== run),
        )
      ) {
        world.violate('slots', `more runs are under way than may: ${holding.map(({ label }) => label).join(', ')}`);
      }
    }
    for (const [user, own] of Map.groupBy(this.#waiting(), ({ execution }) => execution!.created_by)) {
      const counted = slots.queues.find((queue) => queue.user === user)?.waiting ?? 0;
      if (counted !== own.length) world.violate('slots', `${own.length} runs of ${user} wait, ${counted} are counted`);
    }
  }

  #hasRoom(run: RunTruth, holding: readonly RunTruth[]): boolean {
    const { deployment, user, image } = this.#limits;
    const { created_by, image_id } = run.execution!;
    const ofUser = holding.filter(({ execution }) => execution!.created_by === created_by).length;
    const ofImage = holding.filter(({ execution }) => execution!.image_id === image_id).length;
    const fits = (limit: number, held: number) => limit === 0 || held < limit;
    return fits(deployment, holding.length) && fits(user, ofUser) && fits(image, ofImage);
  }

  #holding(): RunTruth[] {
    return [...this.#world.runs.values()].filter(({ execution }) => execution && holdsSlot(execution));
  }

  #waiting(): RunTruth[] {
    return [...this.#world.runs.values()].filter(({ execution }) => execution && isWaiting(execution));
  }
}

function waitsMs({ execution }: RunTruth): number {
  const { since_ms, until_ms } = execution!.queued!;
  return until_ms - since_ms;
}

/** By the true time. */
function mayWaitUntilMs(run: RunTruth): number {
  return run.queuedMs! + waitsMs(run);
}

/** Something of it lives, or may. */
function holdsSlot({ status, facts }: Execution): boolean {
  return !isTerminal(status) && facts.attempts.length > 0;
}

function isWaiting({ status, facts }: Execution): boolean {
  return !isTerminal(status) && facts.attempts.length === 0;
}

function isOlder(a: RunTruth, b: RunTruth): boolean {
  const [one, other] = [a.execution!.started_at_ms, b.execution!.started_at_ms];
  return one < other || (one === other && a.id < b.id);
}
