import type { Reason } from '@runvoy/protocol';
import type { AttemptRef, PlatformView, StartAnswer, StartOrder } from '../src/jobs/job-runner.ts';
import type { Instance } from './instance.ts';
import type { PlatformModel } from './platform.ts';
import type { RunTruth } from './run-truth.ts';
import { Task, type TaskPlace } from './task.ts';
import type { World } from './world.ts';

type Claim = Task | 'ruled out';

/** The files of one attempt. */
interface Place {
  claim?: Claim;
  stopGraceMs?: number;
  end?: { readonly atMs: number; readonly kind: 'exited' | 'cancelled' | 'never_started'; readonly reason?: Reason };
}

const ON_ITS_WAY_MS = 15_000;
const SPAWN_MS = 30;
const LATE_SPAWN_MS = 60_000;

/** One machine, as `provider-local` has it: orders live in the server's memory, supervisors and their files outlive it. */
export class LocalPlatform implements PlatformModel {
  readonly world: World;
  readonly tasks: Task[] = [];
  readonly longestGraceMs = Infinity;
  readonly nameOf = (attempt: Pick<AttemptRef, 'execution_id' | 'attempt'>) => `local/${keyOf(attempt)}`;
  readonly #taskPlace: (run: RunTruth) => Omit<TaskPlace, 'onEnded' | 'onRunnerGone' | 'onKept' | 'laneDelayMs'>;
  readonly #hint: (run: RunTruth) => void;
  readonly #places = new Map<string, Place>();
  /** Orders that the spawner has and no supervisor yet. */
  readonly #inPipe = new Map<string, Instance>();

  constructor(
    world: World,
    taskPlace: (run: RunTruth) => Omit<TaskPlace, 'onEnded' | 'onRunnerGone' | 'onKept' | 'laneDelayMs'>,
    hint: (run: RunTruth) => void,
  ) {
    this.world = world;
    this.#taskPlace = taskPlace;
    this.#hint = hint;
  }

  start(instance: Instance, order: StartOrder): StartAnswer {
    const { world } = this;
    const key = keyOf(order);
    const where = `start of ${world.runs.get(order.execution_id)?.label} attempt ${order.attempt}`;
    if (world.strikes('start-rejected', where)) {
      world.reach('start-rejected');
      return { outcome: 'rejected', reason: 'isolation', details: 'simulated' };
    }
    const platform_execution = this.nameOf(order);
    if (instance.queue.has(key)) return { outcome: 'started', platform_execution };
    const { claim } = this.#place(key);
    if (claim === 'ruled out') return { outcome: 'rejected', reason: 'ruled_out', details: 'its place was taken' };
    if (claim) return { outcome: 'started', platform_execution };
    instance.queue.set(key, order);
    instance.firstAbsentMs.delete(key);
    world.trace.step(`${instance.name} has ${where} spawned`);
    this.#inPipe.set(key, instance);
    world.after(world.delay('start-late', where, SPAWN_MS, LATE_SPAWN_MS), () => this.#spawn(instance, order, where));
    return { outcome: 'started', platform_execution };
  }

  look(instance: Instance, attempt: AttemptRef): PlatformView {
    const key = keyOf(attempt);
    const place = this.#place(key);
    const platform_execution = this.nameOf(attempt);
    const { claim } = place;
    if (claim === 'ruled out') return { state: 'absent', never: true };
    if (!claim) {
      if (instance.queue.has(key)) return { state: 'starting', platform_execution };
      if (place.end) return { state: 'ended', end: endOf(place.end, platform_execution) };
      return this.#lookAtAbsent(instance, key, place);
    }
    if (claim.isAlive) return { state: 'alive', platform_execution, unwatched: !claim.isRunnerAlive };
    // Whoever looks first writes down when: the time of an end that nobody recorded must not move.
    place.end ??= {
      atMs: this.world.theirWallMs,
      kind: place.stopGraceMs === undefined ? 'exited' : 'cancelled',
      reason: 'lost',
    };
    return { state: 'ended', end: endOf(place.end, platform_execution) };
  }

  #lookAtAbsent(instance: Instance, key: string, place: Place): PlatformView {
    const { nowMs } = this.world;
    const since = instance.firstAbsentMs.get(key) ?? nowMs;
    instance.firstAbsentMs.set(key, since);
    if (nowMs - since < ON_ITS_WAY_MS) return { state: 'absent', never: false };
    instance.firstAbsentMs.delete(key);
    place.claim = 'ruled out';
    return { state: 'absent', never: true };
  }

  cancel(instance: Instance, attempt: AttemptRef, graceMs: number): void {
    const key = keyOf(attempt);
    const place = this.#place(key);
    const { claim } = place;
    if (!claim && !instance.queue.has(key)) return;
    if (claim && (claim === 'ruled out' || !claim.isAlive)) return;
    if (place.stopGraceMs === undefined || graceMs < place.stopGraceMs) place.stopGraceMs = graceMs;
    if (!claim) return;
    claim.isCancelled = true;
    const where = `cancel of ${claim.name} ${this.world.nth(`cancel of ${claim.name}`)}`;
    this.world.after(this.world.delay('cancel-late', where, 1, 90_000), () => {
      if (claim.isRunnerAlive) claim.runner!.cancelled(place.stopGraceMs);
      else this.#endUnwatched(instance, claim, graceMs);
    });
  }

  /** A server ends what a dead supervisor left, for as long as that server lives. */
  #endUnwatched(instance: Instance, task: Task, graceMs: number): void {
    if (!instance.isAlive) return;
    task.runner?.command?.signal('SIGTERM');
    this.world.after(graceMs, () => {
      if (instance.isAlive) task.runner?.command?.signal('SIGKILL');
    });
  }

  lane(instance: Instance, attempt: AttemptRef) {
    const key = keyOf(attempt);
    const { claim } = this.#place(key);
    if (claim instanceof Task) return { entries: [...claim.lane], final: !claim.isRunnerAlive };
    return { entries: [], final: !instance.queue.has(key) };
  }

  forget(executionId: string): void {
    const mine = this.tasks.filter((task) => task.order.execution_id === executionId);
    if (mine.some((task) => task.isAlive)) throw new Error('alive and cannot be forgotten');
    for (const key of this.#places.keys()) if (key.startsWith(executionId)) this.#places.delete(key);
  }

  instanceDied(instance: Instance): void {
    for (const [key, holder] of this.#inPipe) {
      if (holder !== instance) continue;
      this.world.reach('restart-between-spawn-and-record');
      if (!this.world.strikes('order-survives', key)) this.#inPipe.delete(key);
    }
  }

  isRuledOut(executionId: string, attempt: number): boolean {
    return this.#place(keyOf({ execution_id: executionId, attempt })).claim === 'ruled out';
  }

  quietSinceMs(run: RunTruth): number | undefined {
    if ([...this.#inPipe.keys()].some((key) => key.startsWith(run.id))) return undefined;
    let since = 0;
    for (const task of this.tasks) {
      if (task.run !== run) continue;
      if (task.stage !== 'ended') return undefined;
      since = Math.max(since, task.endedMs ?? 0);
    }
    return since;
  }

  #spawn(instance: Instance, order: StartOrder, where: string): void {
    const { world } = this;
    const key = keyOf(order);
    if (!this.#inPipe.delete(key)) return;
    const run = world.runs.get(order.execution_id);
    if (!run) return;
    const place = this.#place(key);
    if (place.claim) {
      if (place.claim === 'ruled out') world.reach('ruled-out-comes-late');
      return;
    }
    if (world.strikes('never-begins', where)) {
      world.reach('never-begins');
      world.trace.step(`${where}: the supervisor cannot begin`);
      if (instance.isAlive) {
        place.end = { atMs: world.theirWallMs, kind: 'never_started', reason: 'spawn' };
        instance.queue.delete(key);
        this.#hint(run);
      }
      return;
    }
    const task = new Task(
      {
        ...this.#taskPlace(run),
        laneDelayMs: () => 0,
        onKept: () => undefined,
        onRunnerGone: () => this.#hint(run),
        onEnded: (ended) => this.#taskEnded(ended, place),
      },
      run,
      order,
      `local/${run.label}/${order.attempt}`,
    );
    this.tasks.push(task);
    place.claim = task;
    instance.queue.delete(key);
    if (place.stopGraceMs === undefined) return task.begin(false);
    world.trace.step(`${task.name} finds that it was cancelled`);
    task.isCancelled = true;
    task.exit = { kind: 'cancelled' };
    task.abandon();
  }

  #taskEnded(task: Task, place: Place): void {
    if (task.exit) {
      const { kind, reason } = task.exit;
      place.end = { atMs: this.world.theirWallMs, kind, ...(reason === undefined ? {} : { reason }) };
    }
    this.#hint(task.run);
  }

  #place(key: string): Place {
    const known = this.#places.get(key) ?? {};
    this.#places.set(key, known);
    return known;
  }
}

function keyOf({ execution_id, attempt }: { readonly execution_id: string; readonly attempt: number }): string {
  return `${execution_id}/${attempt}`;
}

function endOf({ atMs, kind, reason }: NonNullable<Place['end']>, platform_execution: string) {
  return { platform_execution, at_ms: atMs, kind, ...(reason === undefined ? {} : { reason }) };
}
