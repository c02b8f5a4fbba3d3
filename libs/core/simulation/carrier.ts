import { newEvent } from '../src/events/outbox.ts';
import type { CloudEventEnvelope, EventBus } from '../src/events/event-bus.ts';
import { Failure } from '../src/failure.ts';
import { SimulatedOutage, type Instance } from './instance.ts';
import type { RunTruth } from './run-truth.ts';
import { isOutage, type Services } from './services.ts';
import type { StoreWatch } from './store-watch.ts';
import type { LaneEntry, Task } from './task.ts';
import type { World } from './world.ts';

const PLAIN_MS = 20;
const LATE_MS = 60_000;
const HINT_MS = 500;
const HINT_LATE_MS = 120_000;
const PUSH_MS = 2_500;
const RETRY_MS = [1_000, 5_000, 15_000, 30_000] as const;
/** A delivery that is not answered counts as failed. */
const LEASE_MS = 60_000;

/** Brings events, hints, pushed log entries and ticks to the services: at least once, in any order, sometimes late. */
export class Carrier {
  /** Events that were accepted and not yet carried out. */
  waiting = 0;
  readonly delivered = new Set<string>();
  readonly #world: World;
  readonly #store: StoreWatch;
  readonly #someServices: (where: string) => Services | undefined;
  readonly #everyServices: () => readonly Services[];
  #ticksUnderWay = 0;
  #isTicking = true;

  constructor(
    world: World,
    store: StoreWatch,
    someServices: (where: string) => Services | undefined,
    everyServices: () => readonly Services[],
  ) {
    this.#world = world;
    this.#store = store;
    this.#someServices = someServices;
    this.#everyServices = everyServices;
  }

  busOf(instance: Instance): EventBus {
    return {
      publish: (event) =>
        instance.call({ port: 'bus', name: 'publish', isWrite: true }, async () => {
          const world = this.#world;
          if (this.#store.published.has(event.id)) world.reach('published-twice');
          this.#store.published.add(event.id);
          world.trace.step(`${instance.name} publishes the end of ${world.runs.get(event.subject ?? '')?.label}`);
          this.#carry(event);
          if (world.strikes('event-twice', `${event.id} ${world.nth(event.id)}`)) {
            world.reach('event-twice');
            this.#carry(event);
          }
        }),
      deadLetter: async (event, reason) => {
        throw new Error(`${event.type} ${event.id} was given up: ${reason}`);
      },
    };
  }

  /** The platform's word that something may be new: not repeated when nobody hears it. */
  hint(run: RunTruth): void {
    const world = this.#world;
    const where = `hint about ${run.label} ${world.nth(`hint about ${run.label}`)}`;
    if (world.strikes('hint-lost', where)) {
      world.reach('no-completion-event');
      world.trace.step(`the ${where} is lost`);
      return;
    }
    const times = world.strikes('hint-twice', where) ? 2 : 1;
    for (let time = 1; time <= times; time += 1) {
      world.after(world.delay('hint-late', `${where} ${time}`, HINT_MS, HINT_LATE_MS), () =>
        this.#deliverHint(run, `${where} ${time}`, 0),
      );
    }
  }

  /** Locally a hint is a call in one process; in the cloud it is pushed until it is taken. */
  #deliverHint(run: RunTruth, where: string, failures: number): void {
    const world = this.#world;
    const again = () => {
      if (world.flavour === 'cloud') this.#retry(failures, () => this.#deliverHint(run, where, failures + 1));
    };
    this.#deliver(where, (services) => services.event(lookEvent(run.id, world.nowMs)), {
      done: () => undefined,
      failed: again,
    });
  }

  /** The log sink's push of one entry, until it is taken. */
  push(task: Task, entry: LaneEntry, failures = 0): void {
    const world = this.#world;
    const where = `push of ${task.name} ${world.nth(`push of ${task.name}`)}`;
    if (failures === 0 && world.strikes('push-twice', where)) world.after(PUSH_MS, () => this.push(task, entry, 1));
    const delayMs = failures === 0 ? entry.readableMs - world.nowMs + PUSH_MS - 2_000 : 0;
    world.after(delayMs, () =>
      this.#deliver(where, (services) => services.pushed(task, entry), {
        done: () => undefined,
        failed: () => this.#retry(failures, () => this.push(task, entry, failures + 1)),
      }),
    );
  }

  #carry(event: CloudEventEnvelope): void {
    const world = this.#world;
    this.waiting += 1;
    const nth = world.nth(`delivery of ${event.id}`);
    const attempt = (failures: number) => {
      this.#deliver(`${event.id} ${nth} ${failures}`, (services) => services.event(event), {
        done: () => {
          this.waiting -= 1;
          this.delivered.add(event.id);
        },
        failed: () => {
          world.reach('event-again');
          this.#retry(failures, () => attempt(failures + 1));
        },
      });
    };
    world.after(world.delay('event-late', `${event.id} ${nth}`, PLAIN_MS, LATE_MS), () => attempt(0));
  }

  #retry(failures: number, again: () => void): void {
    this.#world.after(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]!, again);
  }

  #deliver(
    where: string,
    work: (services: Services) => Promise<void>,
    { done, failed }: { readonly done: () => void; readonly failed: () => void },
  ): void {
    const world = this.#world;
    const services = this.#someServices(where);
    let isOver = false;
    const once = (tell: () => void) => {
      if (isOver) return;
      isOver = true;
      tell();
    };
    if (!services) return failed();
    services.instance.whenDead(() => once(failed));
    const giveUp = world.after(LEASE_MS, () => once(failed));
    world.begin(async () => {
      try {
        await work(services);
        giveUp();
        once(done);
      } catch (error) {
        if (!(error instanceof Failure) && !(error instanceof SimulatedOutage) && !isOutage(error)) throw error;
        giveUp();
        once(failed);
      }
    });
  }

  /**
   * Minute ticks in the cloud, in a part of all histories to every instance at once; every ten seconds on one machine, and there never
   * two at once.
   */
  beginTicks(): void {
    const { flavour, choices } = this.#world;
    if (flavour === 'local') return this.#tickIn(10_000, false);
    this.#tickIn(60_000, choices.pick('ticks come', ['to one', 'to all', 'to one']) === 'to all');
  }

  /** No tick is under way. */
  get isAtRest(): boolean {
    return this.#ticksUnderWay === 0;
  }

  endTicks(): void {
    this.#isTicking = false;
  }

  #tickIn(everyMs: number, isForAll: boolean): void {
    const world = this.#world;
    world.after(everyMs, () => {
      if (!this.#isTicking) return;
      this.#tickIn(everyMs, isForAll);
      const where = `tick ${world.nth('tick')}`;
      if (world.strikes('tick-missed', where)) return world.trace.detail(`${where} does not come`);
      const all = isForAll ? this.#everyServices() : [];
      if (all.length > 1) world.reach('ticks-of-two');
      const [first = this.#someServices(where), ...others] = all;
      this.#tick(where, first);
      for (const other of others) this.#tick(where, other);
      if (world.flavour === 'cloud' && world.strikes('tick-twice', where)) {
        this.#tick(where, this.#someServices(`${where} again`));
      }
    });
  }

  #tick(where: string, services: Services | undefined): void {
    const world = this.#world;
    if (world.flavour === 'local' && this.#ticksUnderWay > 0) return;
    if (!services) return;
    this.#ticksUnderWay += 1;
    if (this.#ticksUnderWay > 1) world.reach('ticks-overlap');
    let isOver = false;
    const over = () => {
      if (!isOver) this.#ticksUnderWay -= 1;
      isOver = true;
    };
    services.instance.whenDead(over);
    world.begin(async () => {
      try {
        await services.tick();
        await services.archive();
      } catch (error) {
        if (!(error instanceof Failure) && !isOutage(error)) throw error;
        world.trace.detail(`${where} failed`);
      } finally {
        if (services.instance.isAlive) over();
      }
    });
  }
}

function lookEvent(executionId: string, nowMs: number): CloudEventEnvelope {
  return newEvent(
    'dev.runvoy.execution.look.v1',
    { execution_id: executionId },
    { id: `look-${executionId}-${nowMs}`, subject: executionId, at_ms: nowMs },
  );
}
