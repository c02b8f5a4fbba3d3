import { openSqliteRecords } from '@runvoy/provider-local';
import { isTerminal } from '@runvoy/protocol';
import type { Archive } from '../src/archive/archive.ts';
import { defaultImageRef, imageRef } from '../src/images/image.ts';
import type { Records } from '../src/records/records.ts';
import { Carrier } from './carrier.ts';
import { Client } from './client.ts';
import { CloudPlatform } from './cloud-platform.ts';
import { checkEndedRun } from './ended-run.ts';
import { instanceArchive } from './instance-archive.ts';
import { InstanceRecords } from './instance-records.ts';
import { Instance, Post } from './instance.ts';
import { LocalPlatform } from './local-platform.ts';
import { Network } from './network.ts';
import { jobsOf, type PlatformModel } from './platform.ts';
import { AWAY_MS, planHistory, type HistoryPlan, type ReaderPlan, type RunPlan } from './plan.ts';
import { Follower } from './follower.ts';
import { KeptBlobs } from './kept-blobs.ts';
import { LogWatch } from './log-watch.ts';
import { LogYears } from './log-years.ts';
import { LiveDoor } from './live-door.ts';
import { arrangeOutage } from './outages.ts';
import { PageReader } from './page-reader.ts';
import type { Situation } from './reached.ts';
import type { RunTruth } from './run-truth.ts';
import { checkBound } from './run-bound.ts';
import { Services } from './services.ts';
import { SlotWatch } from './slot-watch.ts';
import { StoreWatch } from './store-watch.ts';
import { arrangeStrikes } from './strikes.ts';
import type { TraceLine } from './trace.ts';
import { T0, World, type HistoryOptions, type Violation } from './world.ts';

/** What became of one history. */
export interface HistoryResult {
  readonly violation: Violation | undefined;
  readonly reached: ReadonlySet<Situation>;
  /** Choices that did not come out plainly. */
  readonly strange: readonly string[];
  readonly trace: readonly TraceLine[];
  readonly portCalls: number;
  readonly simulatedMs: number;
}

/** No history takes longer: timeouts, silence and the start's deadline are all shorter. */
const LONGEST_MS = 45 * 60_000;
const WATCH_EVERY_MS = 5_000;
const DAY_MS = 86_400_000;

/** Lives through one history: faults first, then healing, in which everything has to finish. */
export async function runHistory(options: HistoryOptions): Promise<HistoryResult> {
  const world = new World(options);
  const records = openSqliteRecords(':memory:');
  try {
    const history = new History(world, records);
    await history.run();
  } finally {
    records.close();
  }
  return {
    violation: world.violation,
    reached: world.reached,
    strange: world.choices.strange,
    trace: world.trace.lines,
    portCalls: world.portCalls,
    simulatedMs: world.nowMs - T0,
  };
}

class History {
  readonly #world: World;
  readonly #records: Records;
  readonly #archive = new KeptBlobs();
  readonly #logs: LogWatch;
  readonly #plan: HistoryPlan;
  readonly #store: StoreWatch;
  readonly #carrier: Carrier;
  readonly #network: Network;
  readonly #platform: PlatformModel;
  readonly #posts: readonly Post[];
  /** Instances that serve the live view: on one machine the same ones. */
  readonly #viewPosts: readonly Post[];
  readonly #doors = new WeakMap<Instance, LiveDoor>();
  readonly #services = new WeakMap<Instance, Services>();
  readonly #clients: Client[] = [];
  readonly #readers: (Follower | PageReader)[] = [];
  readonly #plans = new Map<string, RunPlan>();
  /** All is over, and what is told again is all that happens. */
  #isTold = false;

  constructor(world: World, records: Records) {
    this.#world = world;
    this.#records = records;
    this.#plan = planHistory(world);
    this.#logs = new LogWatch(world, this.#archive);
    this.#store = new StoreWatch(world, () => this.#platform, new SlotWatch(world, this.#plan.limits), {
      logs: this.#logs,
      keptDays: this.#plan.keptDays,
    });
    this.#carrier = new Carrier(
      world,
      this.#store,
      (where) => this.#someServices(where),
      () => this.#everyServices(),
    );
    this.#network = new Network(
      world,
      (where) => this.#someServices(where)?.instance,
      (instance, id, call) => this.#servicesOf(instance).runner(id, call),
    );
    this.#platform = this.#openPlatform();
    const names = world.flavour === 'local' ? ['server'] : ['instance a', 'instance b'];
    this.#posts = names.map((name) => new Post(world, name, (instance) => this.#watchDeath(instance)));
    for (const post of this.#posts) this.#watchDeath(post.current);
    const views = world.flavour === 'local' ? [] : ['view a', 'view b'];
    this.#viewPosts =
      views.length === 0 ? this.#posts : views.map((name) => new Post(world, name, () => undefined, true));
  }

  async run(): Promise<void> {
    const world = this.#world;
    await this.#prepare();
    for (const run of this.#plan.runs) this.#perform(run);
    arrangeStrikes(world, this.#plan, { posts: this.#posts, viewPosts: this.#viewPosts });
    for (const outage of this.#plan.outages) arrangeOutage(world, outage);
    this.#carrier.beginTicks();
    world.after(this.#faultsEndMs, () => this.#heal());
    this.#watchBounds();
    await this.#live(() => this.#isOver());
    if (!world.violation && !this.#isOver()) {
      world.violate('not-terminal-in-bound', `after ${this.#longestMs / 60_000} minutes: ${this.#unfinishedText()}`);
    }
    if (!world.violation) await this.#checkStillness();
    if (!world.violation) await this.#checkFinally();
    // What is told again may mend nothing that was missing, so it comes after that.
    if (!world.violation) await this.#hearAllAgain();
    if (!world.violation) await this.#checkFinally();
    if (!world.violation && this.#plan.hasYears) await this.#passYears();
    if (!world.violation) await this.#checkFinally();
  }

  async #passYears(): Promise<void> {
    const years = new LogYears({
      world: this.#world,
      store: this.#store,
      records: this.#records,
      blobs: this.#archive,
      keptDays: this.#plan.keptDays,
      tasks: () => this.#platform.tasks,
      runs: () => this.#storedRuns(),
      everyServices: () => this.#everyServices(),
      someServices: (where) => this.#someServices(where),
      read: (run, reader) => this.#newReader(run, reader),
      live: (isOver, untilMs) => this.#live(isOver, untilMs),
    });
    await years.pass();
  }

  /** Runs that wait for each other take the longer, the more there are. */
  get #longestMs(): number {
    return LONGEST_MS * (this.#store.slots.isLimited ? this.#plan.runs.length : 1);
  }

  get #longestUntilMs(): number {
    return T0 + this.#faultsEndMs + this.#longestMs;
  }

  /** Lets time pass, one event after the other, each until all it did is done. */
  async #live(isOver: () => boolean, untilMs = this.#longestUntilMs): Promise<void> {
    const world = this.#world;
    while (!world.violation && !isOver()) {
      const before = world.stillness.activity;
      if (!world.schedule.step(untilMs)) return;
      if (world.stillness.activity !== before) await world.stillness.reached();
    }
  }

  async #prepare(): Promise<void> {
    const image = {
      image_id: 'host:latest-00000000',
      image: 'host',
      cpu: 256,
      memory_mib: 512,
      runtime_platform: 'any',
      created_by: 'ann@example.com',
      owned_by: ['ann@example.com'],
      created_at_ms: T0,
      created_by_request_id: 'r0',
      modified_by_request_id: 'r0',
    };
    await this.#records.transact(async (tx) => {
      tx.set(imageRef(image.image_id), image);
      tx.set(defaultImageRef, { image_id: image.image_id, image });
    });
  }

  #openPlatform(): PlatformModel {
    const world = this.#world;
    const taskPlace = (run: RunTruth) => ({ world, network: this.#network, plan: this.#plans.get(run.label)!.command });
    const hint = (run: RunTruth) => this.#carrier.hint(run);
    return world.flavour === 'local'
      ? new LocalPlatform(world, taskPlace, hint)
      : new CloudPlatform(world, taskPlace, hint, (task, entry) => this.#carrier.push(task, entry));
  }

  #watchDeath(instance: Instance): void {
    instance.whenDead(() => this.#platform.instanceDied(instance));
  }

  #someServices(where: string): Services | undefined {
    const [first, second] = this.#everyServices();
    return second && this.#world.choices.bits(`who answers ${where}`) % 2 === 1 ? second : first;
  }

  #everyServices(): readonly Services[] {
    return this.#posts.flatMap((post) => post.living ?? []).map((instance) => this.#servicesOf(instance));
  }

  #archiveOf(instance: Instance): Archive {
    return instanceArchive(instance, this.#archive, this.#logs);
  }

  #servicesOf(instance: Instance): Services {
    const known = this.#services.get(instance);
    if (known) return known;
    const records = new InstanceRecords(instance, this.#records, (writes, by) => this.#store.committed(writes, by));
    const jobs = jobsOf(instance, this.#platform);
    const services = new Services(
      instance,
      { records, archive: this.#archiveOf(instance), jobs, bus: this.#carrier.busOf(instance) },
      {
        limits: this.#plan.limits,
        archiving: { segmentSize: this.#plan.segmentSize, logRetentionDays: this.#plan.keptDays },
      },
    );
    this.#services.set(instance, services);
    return services;
  }

  #perform(plan: RunPlan): void {
    const world = this.#world;
    this.#plans.set(plan.label, plan);
    const request = { command: `echo ${plan.label}`, timeout: plan.timeoutS, grace: plan.graceS, env: plan.env };
    const client = new Client(world, plan, request, (where) => this.#someServices(where));
    this.#clients.push(client);
    world.after(plan.submitMs, () => client.submit());
    for (const stop of plan.stops) world.after(plan.submitMs + stop.afterMs, () => client.stop(stop.graceMs));
    for (const reader of plan.readers) world.after(plan.submitMs + reader.afterMs, () => this.#read(client, reader));
  }

  #read(client: Client, reader: ReaderPlan): void {
    const run = client.executionId === undefined ? undefined : this.#world.runs.get(client.executionId);
    if (!run) {
      this.#world.after(1_000, () => this.#read(client, reader));
      return;
    }
    this.#readers.push(this.#newReader(run, reader));
  }

  #newReader(run: RunTruth, { form, cursor }: Pick<ReaderPlan, 'form' | 'cursor'>): Follower | PageReader {
    return form === 'pages'
      ? new PageReader(this.#world, run, { cursor }, (where) => this.#someServices(where))
      : new Follower(this.#world, run, { form, cursor }, (where) => this.#someDoor(where));
  }

  #someDoor(where: string): LiveDoor | undefined {
    const living = this.#viewPosts.flatMap((post) => post.living ?? []);
    const instance = living[this.#world.choices.bits(`who serves ${where}`) % Math.max(1, living.length)];
    if (!instance) return undefined;
    const known = this.#doors.get(instance);
    if (known) return known;
    const records = new InstanceRecords(instance, this.#records, (writes, by) => this.#store.committed(writes, by));
    const door = new LiveDoor(instance, { records, archive: this.#archiveOf(instance) }, this.#store);
    this.#doors.set(instance, door);
    return door;
  }

  #heal(): void {
    if (this.#world.isHealing) return;
    this.#world.trace.step('from now on nothing goes wrong');
    this.#world.healingSinceMs = this.#world.nowMs;
  }

  /** The faults last until the platform is back and the clock is right. */
  get #faultsEndMs(): number {
    const { faultsEndMs, platformAwayMs, clockJump } = this.#plan;
    const backMs = platformAwayMs === undefined ? 0 : platformAwayMs + AWAY_MS;
    return Math.max(faultsEndMs, backMs, clockJump?.rightMs ?? 0);
  }

  #storedRuns(): RunTruth[] {
    return [...this.#world.runs.values()].filter((run) => run.execution);
  }

  #isOver(): boolean {
    if (!this.#world.isHealing && this.#world.options.forced === undefined && this.#hasFaults()) return false;
    const clients = this.#clients;
    return (
      clients.every((client) => client.executionId !== undefined) &&
      this.#storedRuns().every((run) => isTerminal(run.execution!.status)) &&
      this.#readers.length === this.#plan.runs.reduce((sum, run) => sum + run.readers.length, 0) &&
      this.#readers.every((reader) => reader.isDone) &&
      this.#store.outbox.size === 0 &&
      this.#carrier.waiting === 0
    );
  }

  #hasFaults(): boolean {
    return !this.#plan.isOverEarly;
  }

  #unfinishedText(): string {
    const runs = this.#storedRuns()
      .filter((run) => !isTerminal(run.execution!.status))
      .map((run) => `${run.label} is ${run.execution!.status}`);
    const readers = this.#readers.filter(({ isDone }) => !isDone).map(({ name }) => `${name} waits`);
    const asked = this.#clients
      .filter((client) => client.executionId === undefined)
      .map(({ label }) => `${label} has no answer`);
    const events = this.#carrier.waiting > 0 ? [`${this.#carrier.waiting} events wait`] : [];
    return [...runs, ...readers, ...asked, ...events, ...this.#store.outbox].join(', ');
  }

  /** [not-terminal-in-bound], counted from the end of the faults and from the moment when nothing of the run lives any more. */
  #watchBounds(): void {
    const world = this.#world;
    world.after(WATCH_EVERY_MS, () => {
      if (this.#isTold) return;
      this.#watchBounds();
      if (world.healingSinceMs === undefined) return;
      this.#store.slots.checkWaiting(world.healingSinceMs);
      for (const reader of this.#readers) reader.checkShown(world.healingSinceMs);
      for (const run of this.#storedRuns())
        if (run.endStoredMs === undefined) checkBound(world, this.#platform, run, world.healingSinceMs);
    });
  }

  /** [tick-idempotent]: where nothing is left to do, two ticks at once write nothing, of two instances where there are two. */
  async #checkStillness(): Promise<void> {
    const world = this.#world;
    world.healingSinceMs ??= world.nowMs;
    // What an archiver has begun it may end first.
    await this.#live(() => this.#carrier.isAtRest);
    const before = this.#store.writes;
    const [first, second = first] = this.#everyServices();
    if (!first || !second) return;
    let running = 2;
    for (const services of [first, second]) {
      world.begin(async () => {
        await services.tick();
        running -= 1;
      });
    }
    await world.stillness.reached();
    await this.#live(() => running === 0);
    if (this.#store.writes !== before) world.violate('tick-idempotent', 'a tick wrote although nothing was left to do');
  }

  /** A day later everything is told once more, the last first: no end changes, and no look has anything to write. */
  async #hearAllAgain(): Promise<void> {
    const world = this.#world;
    await this.#live(() => this.#everyServices().length > 0);
    const services = this.#someServices('a day later');
    if (!services) return;
    this.#isTold = true;
    this.#carrier.endTicks();
    let running = 0;
    const tell = (work: () => Promise<void>) => {
      running += 1;
      world.begin(async () => {
        await work();
        running -= 1;
      });
    };
    world.after(DAY_MS, () => {
      world.trace.step('a day later all is told again');
      for (const task of this.#platform.tasks.toReversed()) {
        for (const entry of task.lane.toReversed()) tell(() => services.pushed(task, entry));
      }
    });
    let writes = 0;
    world.after(DAY_MS + 60_000, () => {
      writes = this.#store.writes;
      for (const run of this.#storedRuns()) tell(() => services.look(run.id));
      running -= 1;
    });
    running += 1;
    await this.#live(() => running === 0, this.#longestUntilMs + 2 * DAY_MS);
    if (this.#store.writes !== writes) world.violate('tick-idempotent', 'a look wrote a day after the end');
  }

  /** After healing, a last reading of everything. */
  async #checkFinally(): Promise<void> {
    const world = this.#world;
    for (const client of this.#clients) {
      const id = client.executionId;
      const run = id === undefined ? undefined : world.runs.get(id);
      if (!run?.execution) world.violate('lost-run', `${client.label} was accepted and is not stored`);
    }
    const scene = {
      world,
      records: this.#records,
      platform: this.#platform,
      delivered: this.#carrier.delivered,
      isTold: this.#isTold,
    };
    for (const run of this.#storedRuns()) await checkEndedRun(scene, run);
  }
}
