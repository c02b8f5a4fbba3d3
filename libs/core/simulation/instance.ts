import { Failure } from '../src/failure.ts';
import type { StartOrder } from '../src/jobs/job-runner.ts';
import type { Link } from './links.ts';
import type { World } from './world.ts';

/** What an instance does for others, each of which a death of it leaves without an answer. */
export type Serving = 'runner' | 'event' | 'viewer';

export interface PortCall {
  readonly port: 'store' | 'archive' | 'platform' | 'bus';
  readonly name: string;
  readonly isWrite: boolean;
}

/** Thrown inside a transaction whose instance died, so that the store forgets it; never seen by anything that lives. */
export class InstanceDied extends Error {}

const BACK_SOON_MS = 1_000;
const BACK_LATE_MS = 60_000;

/** One life of a service process: what it holds in memory, and the ports it calls. */
export class Instance {
  readonly world: World;
  readonly name: string;
  readonly bornMs: number;
  /** How far its clock was ahead when it last asked for the time. */
  clockSeenAheadMs: number;
  isAlive = true;
  /** Local: orders that were accepted and not seen to have begun. */
  readonly queue = new Map<string, StartOrder>();
  /** Local: when an attempt was first found absent. */
  readonly firstAbsentMs = new Map<string, number>();
  /** How many of each wait for it. */
  readonly serving: Record<Serving, number> = { runner: 0, event: 0, viewer: 0 };
  readonly #whenDead = new Set<() => void>();
  readonly #links: { readonly store: Link; readonly platform: Link };

  constructor(world: World, name: string, isView = false) {
    this.world = world;
    this.name = name;
    this.#links = { store: isView ? 'live view and store' : 'services and store', platform: 'services and platform' };
    this.bornMs = world.wallMs;
    this.clockSeenAheadMs = world.clockAheadMs;
    if (world.clockAheadMs !== 0 || world.wasClockBehind) world.isSomebodyUnaware = true;
  }

  /** Kills the process: whatever it awaits never comes, whatever it held is gone. */
  die(when: string): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.world.trace.step(`${this.name} is killed ${when}`);
    if (this.serving.runner > 0) this.world.reach('dies-at-intake');
    if (this.serving.event > 0) this.world.reach('dies-at-event');
    if (this.serving.viewer > 0) this.world.reach('dies-with-viewers');
    for (const tell of this.#whenDead) tell();
    this.#whenDead.clear();
  }

  whenDead(tell: () => void): void {
    this.#whenDead.add(tell);
  }

  /** Calls a port: slowly, in vain, or as the last thing this process does, when chance has it so. */
  async call<T>(call: PortCall, effect: () => Promise<T>): Promise<T> {
    const { world } = this;
    if (!this.isAlive) return never();
    const where = this.#placeOf(call);
    const forced = this.#forcedFault();
    const delayMs = this.#delay(call, where);
    if (delayMs > 0) {
      world.trace.detail(`${where}: waits ${delayMs} ms`);
      await world.sleep(delayMs);
      if (!this.isAlive) return never();
    }
    if (forced === 'dies-before' || world.strikes('dies-before-call', where)) {
      if (call.isWrite) world.reach('dies-before-write');
      this.die(`before ${call.port} ${call.name}`);
      return never();
    }
    if (forced === 'refused' || this.#refuses(call, where)) {
      world.trace.step(`${this.name}: ${call.port} ${call.name} fails`);
      throw refusal(call);
    }
    world.stillness.stir();
    world.trace.detail(where);
    let outcome: T;
    try {
      outcome = await effect();
    } catch (error) {
      if (!this.isAlive) return never();
      throw error;
    } finally {
      world.stillness.stir();
    }
    if (!this.isAlive) return never();
    if (forced === 'dies-after' || world.strikes('dies-after-call', where)) {
      if (call.isWrite) world.reach('dies-after-write');
      this.die(`after ${call.port} ${call.name}`);
      return never();
    }
    if (forced === 'answer-lost' || this.#losesAnswer(call, where)) {
      if (call.isWrite) world.reach('write-answer-lost');
      world.trace.step(`${this.name}: ${call.port} ${call.name} is done, its answer is an error`);
      throw refusal(call);
    }
    return outcome;
  }

  /** A read inside a transaction, which the store itself waits for. */
  async callInTransaction<T>(name: string, effect: () => Promise<T>): Promise<T> {
    const { world } = this;
    if (!this.isAlive) throw new InstanceDied();
    const call: PortCall = { port: 'store', name, isWrite: false };
    const where = this.#placeOf(call);
    const forced = this.#forcedFault();
    const delayMs = this.#delay(call, where);
    if (delayMs > 0) {
      // The store is not at work meanwhile: others go on.
      world.stillness.end();
      await world.sleep(delayMs);
      world.stillness.begin();
      if (!this.isAlive) throw new InstanceDied();
    }
    if (forced === 'dies-before' || forced === 'dies-after' || world.strikes('dies-before-call', where)) {
      world.reach('dies-in-transaction');
      this.die(`in a transaction, at ${name}`);
      throw new InstanceDied();
    }
    if (forced === 'refused' || forced === 'answer-lost' || this.#refuses(call, where)) {
      world.trace.step(`${this.name}: ${name} in a transaction fails`);
      throw refusal(call);
    }
    return effect();
  }

  #placeOf({ port, name }: PortCall): string {
    const place = `${this.name} ${port} ${name}`;
    return `${place} ${this.world.nth(place)}`;
  }

  #forcedFault(): string | undefined {
    this.world.portCalls += 1;
    const { forced } = this.world.options;
    return forced?.call === this.world.portCalls && !this.world.isHealing ? forced.kind : undefined;
  }

  #delay({ port }: PortCall, where: string): number {
    const { world } = this;
    if (port === 'platform') return world.delay('platform-slow', where, 0, 8_000);
    if (port === 'bus') return 0;
    return world.delay('store-slow', where, 0, 3_000) + world.delay('store-stalls', `${where} long`, 0, 40_000);
  }

  #refuses({ port, isWrite }: PortCall, where: string): boolean {
    // An archive fails as the store does.
    const kind = {
      store: 'store-refuses',
      archive: 'store-refuses',
      platform: 'platform-refuses',
      bus: 'publish-refused',
    } as const;
    if (port === 'platform' && this.world.nowMs < this.world.platformBackMs) return true;
    if (port !== 'bus' && this.world.isCut(this.#links[port === 'archive' ? 'store' : port])) return true;
    if (port === 'store' && isWrite && this.world.isFull('store')) {
      this.world.reach('store-was-full');
      return true;
    }
    return this.world.strikes(kind[port], where);
  }

  #losesAnswer({ port }: PortCall, where: string): boolean {
    const kind = {
      store: 'store-answer-lost',
      archive: 'store-answer-lost',
      platform: 'platform-answer-lost',
      bus: 'publish-answer-lost',
    } as const;
    return this.world.strikes(kind[port], where);
  }
}

function refusal({ port, name }: PortCall): Error {
  return port === 'store' ? new Failure('STORE_UNAVAILABLE') : new SimulatedOutage(`${port} ${name} does not answer`);
}

/** A port other than the store that does not answer. */
export class SimulatedOutage extends Error {}

function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

/** Keeps one place of a deployment staffed: a new life begins some time after the old one has ended. */
export class Post {
  readonly #world: World;
  readonly #name: string;
  readonly #hired: (instance: Instance) => void;
  readonly #isView: boolean;
  #lives = 0;
  current: Instance;

  constructor(world: World, name: string, hired: (instance: Instance) => void, isView = false) {
    this.#world = world;
    this.#name = name;
    this.#hired = hired;
    this.#isView = isView;
    this.current = this.#begin();
  }

  get living(): Instance | undefined {
    return this.current.isAlive ? this.current : undefined;
  }

  #begin(): Instance {
    this.#lives += 1;
    const name = this.#lives === 1 ? this.#name : `${this.#name}/${this.#lives}`;
    const instance = new Instance(this.#world, name, this.#isView);
    if (this.#lives > 1) this.#world.trace.step(`${instance.name} begins`);
    instance.whenDead(() => {
      const isLate = this.#world.strikes('stays-away', instance.name);
      this.#world.after(isLate ? BACK_LATE_MS : BACK_SOON_MS, () => {
        this.current = this.#begin();
        this.#hired(this.current);
      });
    });
    return instance;
  }
}
