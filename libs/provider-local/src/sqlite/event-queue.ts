import type { CloudEventEnvelope, Millis } from '@runvoy/core';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { metaOf } from './schema.ts';

/** An event that somebody has taken to deliver it. */
export interface LeasedEvent {
  readonly number: number;
  readonly event: CloudEventEnvelope;
  /** With this one. */
  readonly attempts: number;
}

/** An event that was given up. */
export interface DeadLetter {
  readonly number: number;
  readonly event: CloudEventEnvelope;
  readonly attempts: number;
  readonly reason: string;
  readonly died_at_ms: Millis;
  /** Where it was refused. */
  readonly route: string;
}

/** 2: a dead letter has its route. */
export const QUEUE_VERSION = 2;
/** Where the bus delivers, and all that version 1 knew. */
const BUS_ROUTE = '/events';
const TABLES = `
  CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    source TEXT NOT NULL,
    event TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_ms REAL NOT NULL,
    is_leased INTEGER NOT NULL,
    UNIQUE (source, id)
  );
  CREATE INDEX IF NOT EXISTS events_by_due ON events (due_ms);
  CREATE TABLE IF NOT EXISTS dead_letters (
    number INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    died_at_ms REAL NOT NULL,
    route TEXT NOT NULL DEFAULT '${BUS_ROUTE}'
  );
`;
/** What leads from the version before, by the version it leads to. */
const STEPS: Readonly<Record<number, string>> = {
  2: `ALTER TABLE dead_letters ADD COLUMN route TEXT NOT NULL DEFAULT '${BUS_ROUTE}'`,
};

/** The waiting events and the dead letters. Every method is synchronous; those that write run inside a group's transaction. */
export class EventQueue {
  readonly #insert: StatementSync;
  readonly #selectDue: StatementSync;
  readonly #nextDue: StatementSync;
  readonly #lease: StatementSync;
  readonly #delete: StatementSync;
  readonly #postpone: StatementSync;
  readonly #bury: StatementSync;
  readonly #insertDead: StatementSync;
  readonly #selectDead: StatementSync;
  readonly #deleteDead: StatementSync;

  /** Throws an Error that names both versions when the queue is newer than this code. */
  constructor(database: DatabaseSync, now: Millis) {
    prepareQueue(database, now);
    this.#insert = database.prepare(
      'INSERT INTO events (id, source, event, attempts, due_ms, is_leased) VALUES (?, ?, ?, 0, ?, 0) ON CONFLICT DO NOTHING',
    );
    this.#selectDue = database.prepare(
      'SELECT number, event, attempts FROM events WHERE due_ms <= ? ORDER BY due_ms, number LIMIT ?',
    );
    this.#nextDue = database.prepare('SELECT min(due_ms) AS due FROM events');
    this.#lease = database.prepare(
      'UPDATE events SET attempts = attempts + 1, due_ms = ?, is_leased = 1 WHERE number = ?',
    );
    this.#delete = database.prepare('DELETE FROM events WHERE number = ?');
    this.#postpone = database.prepare('UPDATE events SET due_ms = ?, is_leased = 0 WHERE number = ?');
    this.#bury = database.prepare(
      'INSERT INTO dead_letters SELECT number, event, attempts, ?, ?, ? FROM events WHERE number = ?',
    );
    // In one row of numbers with those that were buried, which have the numbers of the events they were.
    this.#insertDead = database.prepare(
      "INSERT INTO events (id, source, event, attempts, due_ms, is_leased) VALUES (?, 'dead', ?, 1, ?, 0) RETURNING number",
    );
    this.#selectDead = database.prepare('SELECT * FROM dead_letters WHERE number > ? ORDER BY number LIMIT ?');
    this.#deleteDead = database.prepare('DELETE FROM dead_letters WHERE number = ?');
  }

  /** An event that waits already is not added again. */
  add(event: CloudEventEnvelope, text: string, now: Millis): void {
    this.#insert.run(event.id, event.source, text, now);
  }

  /** When the next event or lease falls due. */
  nextDue(): Millis | undefined {
    return (this.#nextDue.get()?.due as number | null) ?? undefined;
  }

  /** Takes due events. The attempt is counted before it is made, or an event that kills the process would be tried for ever. */
  lease(
    now: Millis,
    { until, limit, maxAttempts }: { until: Millis; limit: number; maxAttempts: number },
  ): LeasedEvent[] {
    const leased: LeasedEvent[] = [];
    for (const row of this.#selectDue.all(now, limit)) {
      const number = row.number as number;
      const attempts = (row.attempts as number) + 1;
      if (attempts > maxAttempts) {
        this.bury(number, 'The outcome of the last attempt was never stored.', now);
        continue;
      }
      this.#lease.run(until, number);
      leased.push({ number, event: JSON.parse(row.event as string) as CloudEventEnvelope, attempts });
    }
    return leased;
  }

  remove(number: number): void {
    this.#delete.run(number);
  }

  postpone(number: number, due: Millis): void {
    this.#postpone.run(due, number);
  }

  bury(number: number, reason: string, now: Millis, route = BUS_ROUTE): void {
    this.#bury.run(reason, now, route, number);
    this.#delete.run(number);
  }

  /** An event that its receiver gave up: it never waits. */
  addDead(event: CloudEventEnvelope, reason: string, now: Millis, route: string): void {
    const id = `${event.source} ${event.id}`;
    const { number } = this.#insertDead.get(id, JSON.stringify(event), now) as { number: number };
    this.bury(number, reason, now, route);
  }

  removeDead(number: number): void {
    this.#deleteDead.run(number);
  }

  deadLetters(after: number, limit: number): DeadLetter[] {
    return this.#selectDead.all(after, limit).map((row) => ({
      number: row.number as number,
      event: JSON.parse(row.event as string) as CloudEventEnvelope,
      attempts: row.attempts as number,
      reason: row.reason as string,
      died_at_ms: row.died_at_ms as number,
      route: row.route as string,
    }));
  }
}

/** Brings a queue's file to this code's tables. Throws an Error that names both versions when it is newer. */
export function prepareQueue(database: DatabaseSync, now: Millis): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec('CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID');
    const meta = metaOf(database);
    const stored = meta.read('event_queue');
    if (stored !== undefined && stored > QUEUE_VERSION) {
      throw new Error(
        `The data was written by a newer version: the event queue has version ${stored}, this program knows ${QUEUE_VERSION}. Update the program.`,
      );
    }
    for (let version = stored ?? QUEUE_VERSION; version < QUEUE_VERSION; version += 1)
      database.exec(STEPS[version + 1] ?? '');
    database.exec(TABLES);
    meta.write('event_queue', QUEUE_VERSION);
    // Whoever held these leases is gone: the file belongs to one process at a time.
    database.prepare('UPDATE events SET due_ms = ?, is_leased = 0 WHERE is_leased = 1').run(now);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
