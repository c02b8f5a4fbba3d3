import type { AttemptRef, PlatformView, StartAnswer, StartOrder } from '../src/jobs/job-runner.ts';
import { SimulatedOutage, type Instance } from './instance.ts';
import type { PlatformModel } from './platform.ts';
import type { RunTruth } from './run-truth.ts';
import { Task, type LaneEntry, type TaskPlace } from './task.ts';
import type { World } from './world.ts';

const BEGINS_MS = 3_000;
const BEGINS_LATE_MS = 5 * 60_000;
const KILLED_AFTER_MS = 10_000;
const READABLE_MS = 2_000;
const READABLE_LATE_MS = 120_000;
const LISTED_LATE_MS = 60_000;

/** Jobs in a cloud: starts whose outcome is unknown, ends that are told late and twice, a safety lane that is read with a delay. */
export class CloudPlatform implements PlatformModel {
  readonly world: World;
  readonly tasks: Task[] = [];
  readonly longestGraceMs = KILLED_AFTER_MS;
  readonly forgetsByItself = true;
  readonly #taskPlace: (run: RunTruth) => Omit<TaskPlace, 'onEnded' | 'onRunnerGone' | 'onKept' | 'laneDelayMs'>;
  readonly #hint: (run: RunTruth) => void;
  readonly #push: (task: Task, entry: LaneEntry) => void;

  constructor(
    world: World,
    taskPlace: (run: RunTruth) => Omit<TaskPlace, 'onEnded' | 'onRunnerGone' | 'onKept' | 'laneDelayMs'>,
    hint: (run: RunTruth) => void,
    push: (task: Task, entry: LaneEntry) => void,
  ) {
    this.world = world;
    this.#taskPlace = taskPlace;
    this.#hint = hint;
    this.#push = push;
  }

  start(instance: Instance, order: StartOrder): StartAnswer {
    const { world } = this;
    const run = world.runs.get(order.execution_id);
    if (!run) throw new SimulatedOutage('no such run');
    const where = `start of ${run.label} attempt ${order.attempt}`;
    if (world.strikes('start-rejected', where)) {
      world.reach('start-rejected');
      world.trace.step(`${where} is rejected`);
      return { outcome: 'rejected', reason: 'quota', details: 'simulated' };
    }
    if (world.strikes('start-lost', where)) {
      world.trace.step(`${where} is lost`);
      throw new SimulatedOutage('deadline exceeded');
    }
    world.trace.step(`${instance.name} makes the ${where}`);
    const task = this.#create(run, order, where);
    if (world.strikes('started-twice', where)) this.#create(run, order, `${where}, once more`);
    return { outcome: 'started', platform_execution: task.name };
  }

  #create(run: RunTruth, order: StartOrder, where: string): Task {
    const { world } = this;
    const nth = world.nth(`task of ${run.label}`);
    const task = new Task(
      {
        ...this.#taskPlace(run),
        laneDelayMs: (entry) => world.delay('lane-late', entry, READABLE_MS, READABLE_LATE_MS),
        onKept: (kept, entry) => this.#push(kept, entry),
        onRunnerGone: () => undefined,
        onEnded: (ended) => {
          world.trace.detail(`${ended.name} has ended`);
          this.#hint(run);
        },
      },
      run,
      order,
      `rv-${run.label}-${nth}`,
    );
    task.listedMs = world.nowMs + world.delay('list-late', `list of ${where}`, 0, LISTED_LATE_MS);
    this.tasks.push(task);
    if (world.strikes('start-hangs', where)) {
      world.trace.step(`${task.name} waits for an image that does not come`);
      return task;
    }
    world.after(world.delay('start-late', where, BEGINS_MS, BEGINS_LATE_MS), () => {
      if (task.stage !== 'waiting') return;
      if (world.strikes('never-begins', where)) {
        world.reach('never-begins');
        task.neverBegan = true;
        return task.abandon();
      }
      task.begin(true);
    });
    return task;
  }

  look(_instance: Instance, attempt: AttemptRef): PlatformView {
    const task = this.#find(attempt);
    if (!task) return { state: 'absent', never: false };
    const platform_execution = task.name;
    if (task.stage === 'waiting') return { state: 'starting', platform_execution };
    if (task.stage === 'begun') return { state: 'alive', platform_execution, unwatched: false };
    const at_ms = task.endedMs ?? this.world.nowMs;
    if (task.neverBegan) {
      return { state: 'ended', end: { platform_execution, at_ms, kind: 'never_started', reason: 'image_pull' } };
    }
    return { state: 'ended', end: { platform_execution, at_ms, kind: task.isCancelled ? 'cancelled' : 'exited' } };
  }

  identify(_instance: Instance, attempt: AttemptRef): string | undefined {
    return this.#find(attempt)?.name;
  }

  cancel(_instance: Instance, attempt: AttemptRef): void {
    const task = this.#find(attempt);
    if (!task || task.stage === 'ended') return;
    const { world } = this;
    const where = `cancel of ${task.name} ${world.nth(`cancel of ${task.name}`)}`;
    world.after(world.delay('cancel-late', where, 20, 90_000), () => {
      if (task.stage === 'ended') return;
      task.isCancelled = true;
      if (task.stage === 'waiting') return task.abandon();
      if (task.isRunnerAlive) task.runner!.cancelled(undefined);
      else task.runner?.command?.signal('SIGTERM');
      world.after(KILLED_AFTER_MS, () => {
        if (task.isAlive) world.trace.step(`${task.name} is killed by the platform`);
        task.killAll();
      });
    });
  }

  lane(_instance: Instance, attempt: AttemptRef) {
    const { nowMs } = this.world;
    const mine = this.tasks.filter(
      ({ order }) => order.execution_id === attempt.execution_id && order.attempt === attempt.attempt,
    );
    const entries = mine.flatMap((task) => task.lane).filter(({ readableMs }) => readableMs <= nowMs);
    return { entries, final: false, as_of_ms: nowMs };
  }

  forget(): void {
    // Cloud Logging and the platform forget by themselves.
  }

  instanceDied(): void {
    // Nothing of this platform lives in an instance.
  }

  isRuledOut(): boolean {
    return false;
  }

  quietSinceMs(run: RunTruth): number | undefined {
    let since = 0;
    for (const task of this.tasks) {
      if (task.run !== run) continue;
      if (task.stage !== 'ended') return undefined;
      since = Math.max(since, task.endedMs ?? 0);
    }
    return since;
  }

  /** The one of that name; else, of the ones that a list shows of this attempt, one that has not ended. */
  #find({ execution_id, attempt, platform_execution }: AttemptRef): Task | undefined {
    const own = this.tasks.filter(({ order }) => order.execution_id === execution_id && order.attempt === attempt);
    const named = own.find(({ name }) => name === platform_execution);
    if (named) return named;
    const listed = own.filter(({ listedMs }) => listedMs <= this.world.nowMs);
    return listed.find(({ stage }) => stage !== 'ended') ?? listed.at(-1);
  }
}
