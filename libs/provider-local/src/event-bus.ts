import type { DatabaseSync } from 'node:sqlite';
import type { Clock, CloudEventEnvelope, Death, EventBus, Millis } from '@runvoy/core';
import { retryDelay } from './retry-delay.ts';
import { copyDatabase } from './sqlite/copy-database.ts';
import { EventQueue } from './sqlite/event-queue.ts';
import type { DeadLetter, LeasedEvent } from './sqlite/event-queue.ts';
import { GroupCommit } from './sqlite/group-commit.ts';
import { openDatabase } from './sqlite/open-database.ts';

export type { DeadLetter } from './sqlite/event-queue.ts';

/** What the receiver made of an event: `retry` brings it again. */
export type DeliveryOutcome = 'ack' | 'retry';

export interface LocalEventBusOptions {
  /** The queue's own file, or `:memory:`. */
  readonly path: string;
  /** Hands an event over. A throw counts as `retry`, and its message is kept as the reason. */
  readonly deliver: (event: CloudEventEnvelope) => Promise<DeliveryOutcome>;
  readonly clock: Clock;
  /** A number from 0 to 1, as `Math.random` answers. */
  readonly random: () => number;
  /**
   * Takes over what was given up, at least once, until it resolves. Without it that waits in the file for a bus that has one.
   */
  readonly keepDead?: (death: Death) => Promise<void>;
  /** At most this many deliveries at a time; 8 unless told. */
  readonly concurrency?: number;
  /** After so many attempts an event becomes a dead letter; 100 unless told. */
  readonly maxAttempts?: number;
  /** How long a delivery may take before it counts as failed; 60 s unless told. */
  readonly leaseMs?: Millis;
  /** How long `close` waits for deliveries under way; 5 s unless told. */
  readonly drainMs?: Millis;
}

export interface LocalEventBus extends EventBus, AsyncDisposable {
  /** Events that were given up and not yet taken over, oldest first, behind the one with number `after`. */
  deadLetters(page: { readonly after?: number; readonly limit: number }): Promise<readonly DeadLetter[]>;
  /** Copies the queue into a new file while it goes on. */
  copyInto(path: string): Promise<void>;
  /** Starts no further delivery, waits for those under way, closes the file. What was not acknowledged comes again after the next opening. */
  close(): Promise<void>;
}

/**
 * A queue that outlives the process: an event is delivered until it is acknowledged, with growing pauses.
 *
 * Throws an Error fit to be shown when the file cannot be opened or holds data newer than this code.
 */
export function openLocalEventBus(options: LocalEventBusOptions): LocalEventBus {
  const database = openDatabase(options.path);
  try {
    const queue = new EventQueue(database, options.clock.now());
    return new QueueInSqlite(queue, new GroupCommit(database), database, options);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Pause after the store refused, such as on a full disk: the queue keeps what it has. */
const STORE_PAUSE_MS = 1_000;

/** A lease lasts this much longer than its delivery may: the outcome is stored before anybody takes the event again. */
const OUTCOME_MS = 5_000;

class QueueInSqlite implements LocalEventBus {
  readonly #queue: EventQueue;
  readonly #group: GroupCommit;
  readonly #database: DatabaseSync;
  readonly #options: Required<Omit<LocalEventBusOptions, 'keepDead'>> & Pick<LocalEventBusOptions, 'keepDead'>;
  readonly #underWay = new Map<number, Promise<void>>();
  readonly #closing = new AbortController();
  readonly #delivering: Promise<void>;
  #closed: Promise<void> | undefined;
  #handingOver: Promise<void> | undefined;
  #nap = new AbortController();

  constructor(queue: EventQueue, group: GroupCommit, database: DatabaseSync, options: LocalEventBusOptions) {
    this.#queue = queue;
    this.#group = group;
    this.#database = database;
    this.#options = { concurrency: 8, maxAttempts: 100, leaseMs: 60_000, drainMs: 5_000, ...options };
    this.#delivering = this.#deliverUntilClosed();
    this.#handOver();
  }

  async publish(event: CloudEventEnvelope): Promise<void> {
    const text = JSON.stringify(event);
    await this.#group.write(() => this.#queue.add(event, text, this.#options.clock.now()));
    this.#wake();
  }

  async deadLetter(event: CloudEventEnvelope, reason: string, route: string): Promise<void> {
    await this.#group.write(() => this.#queue.addDead(event, reason, this.#options.clock.now(), route));
    this.#handOver();
  }

  async deadLetters({
    after = 0,
    limit,
  }: {
    readonly after?: number;
    readonly limit: number;
  }): Promise<readonly DeadLetter[]> {
    return this.#queue.deadLetters(after, limit);
  }

  async copyInto(path: string): Promise<void> {
    let release: (() => void) | undefined;
    try {
      await copyDatabase(this.#database, path, () => (release = this.#group.hold()));
    } finally {
      release?.();
    }
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#closeOnce());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #closeOnce(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    await this.#delivering;
    await this.#handingOver;
    const drained = new AbortController();
    const allDone = Promise.all(this.#underWay.values()).then(() => drained.abort());
    await Promise.race([allDone, this.#options.clock.sleep(this.#options.drainMs, drained.signal)]);
    this.#group.close();
    this.#database.close();
  }

  async #deliverUntilClosed(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      // Made before looking: whatever happens from here on ends the nap.
      this.#nap = new AbortController();
      const napMs = await this.#startDue().catch(() => STORE_PAUSE_MS);
      if (napMs === 0) continue;
      if (Number.isFinite(napMs)) await this.#options.clock.sleep(napMs, this.#nap.signal);
      else await aborted(this.#nap.signal);
    }
  }

  /** Starts what is due, as far as there is room, and says how long nothing more will be. */
  async #startDue(): Promise<Millis> {
    const { clock, concurrency, leaseMs, maxAttempts } = this.#options;
    const room = concurrency - this.#underWay.size;
    if (room <= 0) return Number.POSITIVE_INFINITY;
    const due = this.#queue.nextDue();
    if (due === undefined) return Number.POSITIVE_INFINITY;
    const now = clock.now();
    if (due > now) return due - now;
    const until = now + leaseMs + OUTCOME_MS;
    const leased = await this.#group.write(() => this.#queue.lease(now, { until, limit: room, maxAttempts }));
    this.#handOver(); // Leasing gives up what no attempt is left for.
    for (const event of leased) this.#start(event);
    return 0;
  }

  #start(leased: LeasedEvent): void {
    const delivery = this.#deliver(leased)
      .catch(() => {}) // The store refused the outcome: the lease runs out and the event comes again.
      .finally(() => {
        this.#underWay.delete(leased.number);
        this.#wake();
      });
    this.#underWay.set(leased.number, delivery);
  }

  async #deliver(leased: LeasedEvent): Promise<void> {
    const { clock, maxAttempts, random } = this.#options;
    const { number, attempts } = leased;
    const refusal = await this.#refusalOf(leased);
    await this.#group.write(() => {
      if (refusal === undefined) this.#queue.remove(number);
      else if (attempts >= maxAttempts) this.#queue.bury(number, refusal, clock.now());
      else this.#queue.postpone(number, clock.now() + retryDelay(attempts, random()));
    });
    if (refusal !== undefined && attempts >= maxAttempts) this.#handOver();
  }

  /** Hands what was given up to whoever keeps it, one call at a time. */
  #handOver(): void {
    const { keepDead } = this.#options;
    if (!keepDead || this.#handingOver || this.#closing.signal.aborted) return;
    this.#handingOver = this.#handOverAll(keepDead).finally(() => {
      this.#handingOver = undefined;
      // What was given up while the last look came to its end.
      if (this.#hasDead()) this.#handOver();
    });
  }

  #hasDead(): boolean {
    return !this.#closing.signal.aborted && this.#queue.deadLetters(0, 1).length > 0;
  }

  async #handOverAll(keepDead: NonNullable<LocalEventBusOptions['keepDead']>): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const [letter] = this.#queue.deadLetters(0, 1);
        if (!letter) return;
        const { number, event, reason, attempts, route } = letter;
        const delivery = `queue-${number}-${letter.died_at_ms}`;
        await keepDead({ event, reason, attempts, route, delivery });
        await this.#group.write(() => this.#queue.removeDead(number));
      } catch {
        await this.#options.clock.sleep(STORE_PAUSE_MS, signal);
      }
    }
  }

  /** Why the event must come again; undefined when it was acknowledged. */
  async #refusalOf({ event }: LeasedEvent): Promise<string | undefined> {
    const { clock, deliver, leaseMs } = this.#options;
    const answered = new AbortController();
    const answer = Promise.try(deliver, event)
      .then(
        (outcome) => (outcome === 'ack' ? undefined : 'The receiver asked for it again.'),
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
      .finally(() => answered.abort());
    const silence = clock.sleep(leaseMs, answered.signal).then(() => `No answer within ${leaseMs} ms.`);
    // The answer first: both are settled when it is what ended the sleep.
    return Promise.race([answer, silence.then(async (reason) => (answered.signal.aborted ? answer : reason))]);
  }

  #wake(): void {
    this.#nap.abort();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
