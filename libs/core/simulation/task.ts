import type { FinishedMessage, LogsMessage, SafetyLaneEntry } from '@runvoy/protocol';
import type { StartOrder } from '../src/jobs/job-runner.ts';
import type { CommandPlan } from './command.ts';
import type { Network } from './network.ts';
import type { RunTruth } from './run-truth.ts';
import { Runner, type RunnerExit } from './runner.ts';
import type { World } from './world.ts';

export interface LaneEntry {
  readonly entry: SafetyLaneEntry;
  readonly readableMs: number;
}

export interface TaskPlace {
  readonly world: World;
  readonly network: Network;
  readonly plan: CommandPlan;
  /** How long an entry of the safety lane takes until it can be read. */
  readonly laneDelayMs: (where: string) => number;
  readonly onKept: (task: Task, entry: LaneEntry) => void;
  readonly onRunnerGone: (task: Task) => void;
  readonly onEnded: (task: Task) => void;
}

/** What the platform runs for one attempt: a runner and, once it was handed over, the command. */
export class Task {
  readonly name: string;
  readonly run: RunTruth;
  readonly order: StartOrder;
  stage: 'waiting' | 'begun' | 'ended' = 'waiting';
  runner: Runner | undefined;
  exit: RunnerExit | undefined;
  endedMs: number | undefined;
  isCancelled = false;
  neverBegan = false;
  /** From when on the platform's lists show it. */
  listedMs = 0;
  readonly lane: LaneEntry[] = [];
  readonly isLaneCut: boolean;
  /** Something that the runner has kept is not in its lane. */
  lacksEntries = false;
  readonly #place: TaskPlace;

  constructor(place: TaskPlace, run: RunTruth, order: StartOrder, name: string) {
    this.#place = place;
    this.run = run;
    this.order = order;
    this.name = name;
    this.isLaneCut = place.world.strikes('lane-cut', name);
  }

  get isAlive(): boolean {
    return this.stage === 'begun';
  }

  get isRunnerAlive(): boolean {
    return this.stage === 'begun' && this.runner?.isAlive === true;
  }

  get isCommandAlive(): boolean {
    return this.runner?.command?.isAlive === true;
  }

  /** The runner's process begins. */
  begin(knowsItsName: boolean): void {
    const { world, network, plan } = this.#place;
    if (this.stage !== 'waiting') return;
    this.stage = 'begun';
    world.trace.detail(`${this.name} begins`);
    this.runner = new Runner({
      world,
      network,
      run: this.run,
      order: this.order,
      platformExecution: knowsItsName ? this.name : undefined,
      plan,
      keep: (message) => this.#keep(message),
      onExit: (exit) => {
        this.exit = exit;
        world.trace.detail(`${this.runner?.name ?? this.name} leaves (${exit.reason ?? exit.kind})`);
        this.#runnerGone();
      },
    });
    this.#planDeaths();
  }

  /** It will never begin. */
  abandon(): void {
    if (this.stage !== 'waiting') return;
    this.stage = 'ended';
    this.endedMs = this.#place.world.nowMs;
    this.#place.onEnded(this);
  }

  killRunner(): void {
    if (!this.isRunnerAlive) return;
    this.#place.world.trace.step(`${this.runner!.name} is killed`);
    this.runner!.kill();
    this.#runnerGone();
  }

  killAll(): void {
    if (this.stage !== 'begun') return;
    this.runner!.kill();
    this.runner!.command?.signal('SIGKILL');
    this.#runnerGone();
  }

  #planDeaths(): void {
    const { world } = this.#place;
    if (world.strikes('dies-before-bootstrap', this.name)) world.after(1, () => this.killRunner());
    if (world.strikes('runner-killed', this.name)) {
      world.after(world.choices.whole(`runner of ${this.name} lives`, 2_000, 100, 60_000), () => this.killRunner());
    }
    if (world.strikes('task-killed', this.name)) {
      world.after(world.choices.whole(`${this.name} lives`, 2_000, 100, 60_000), () => {
        if (this.stage !== 'begun') return;
        world.trace.step(`${this.name} is killed, command and all`);
        if (this.isCommandAlive && !this.run.report) world.reach('task-vanishes');
        this.killAll();
      });
    }
  }

  #runnerGone(): void {
    const command = this.runner?.command;
    if (command?.isAlive) {
      command.onOutput = () => undefined;
      command.onEnd = () => {
        this.#place.world.trace.step(`${this.run.label} command ends, watched by nobody`);
        this.#end();
      };
      this.#place.onRunnerGone(this);
      return;
    }
    this.#end();
  }

  #end(): void {
    if (this.stage === 'ended') return;
    this.stage = 'ended';
    this.endedMs = this.#place.world.nowMs;
    this.#place.onEnded(this);
  }

  #keep(message: { readonly logs: LogsMessage } | { readonly finished: FinishedMessage }): void {
    const { world, laneDelayMs, onKept } = this.#place;
    if ('finished' in message && world.strikes('killed-at-report', this.name)) {
      world.after(2, () => {
        world.trace.step(`${this.name} is killed as its report goes out`);
        this.killAll();
      });
    }
    const from = 'logs' in message ? message.logs.from : undefined;
    if (this.#isDropped(from)) return this.#dropped(from);
    const head = { execution_id: this.run.id, attempt: this.order.attempt };
    const where = `${this.name} lane ${this.lane.length + 1}`;
    const readableMs = world.nowMs + laneDelayMs(where);
    const entry: SafetyLaneEntry =
      'logs' in message
        ? { runvoy: 'logs', ...head, body: message.logs }
        : { runvoy: 'finished', ...head, body: message.finished };
    if (entry.runvoy === 'finished') this.run.reportReadableMs = readableMs;
    const kept = { entry, readableMs };
    this.lane.push(kept);
    onKept(this, kept);
  }

  #isDropped(from: number | undefined): boolean {
    const { world } = this.#place;
    if (world.isFull('lanes')) world.reach('lanes-were-full');
    return (
      this.isLaneCut || world.isFull('lanes') || world.strikes('lane-entry-lost', `${this.name} ${from ?? 'report'}`)
    );
  }

  #dropped(from: number | undefined): void {
    const { world } = this.#place;
    const { run } = this;
    this.lacksEntries = true;
    world.trace.step(
      `the safety lane of ${run.label} drops ${from === undefined ? 'the report' : `lines from ${from}`}`,
    );
    if (from === undefined) return;
    run.droppedBySafetyLane.add(from);
    world.reach('entry-dropped');
    if (run.droppedByFastLane.has(from)) world.reach('dropped-by-both');
  }
}
