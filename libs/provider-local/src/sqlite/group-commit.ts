import { Failure } from '@runvoy/core';
import type { DatabaseSync } from 'node:sqlite';

interface Waiting {
  readonly write: () => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

interface Outcome {
  readonly of: Waiting;
  readonly result?: unknown;
  readonly refusal?: Failure;
}

/** What the owner of a database does when a group has become durable, or has left no trace. */
export interface GroupHooks {
  readonly committed?: () => void;
  readonly rolledBack?: () => void;
}

/**
 * Commits the writes asked for in one turn of the event loop together: one fsync makes all of them durable.
 *
 * A write may refuse with a `Failure` before it has changed anything; that rejects it alone. Any other throw, or a commit that
 * fails, undoes the whole group, for a reader after a crash too, and rejects every write in it with `STORE_UNAVAILABLE`; the
 * next group starts afresh.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #hooks: GroupHooks;
  #waiting: Waiting[] = [];
  #flush: NodeJS.Immediate | undefined;
  #closed = false;
  #holders = 0;

  constructor(database: DatabaseSync, hooks: GroupHooks = {}) {
    this.#database = database;
    this.#hooks = hooks;
  }

  /** Resolves with what `write` returned once that is durable. `write` is synchronous and sees the writes before it. */
  write<R>(write: () => R): Promise<R> {
    if (this.#closed) return Promise.reject(closedFailure());
    return new Promise<R>((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      this.#schedule();
    });
  }

  /** Commits nothing until the function that it returns is called; what is asked for waits. */
  hold(): () => void {
    this.#holders += 1;
    if (this.#flush) clearImmediate(this.#flush);
    this.#flush = undefined;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holders -= 1;
      if (this.#waiting.length > 0) this.#schedule();
    };
  }

  #schedule(): void {
    if (this.#holders === 0) this.#flush ??= setImmediate(() => this.#commitGroup());
  }

  /** Commits what is waiting and takes nothing more. */
  close(): void {
    this.#closed = true;
    if (this.#flush) clearImmediate(this.#flush);
    this.#commitGroup();
  }

  #commitGroup(): void {
    this.#flush = undefined;
    const group = this.#waiting;
    this.#waiting = [];
    if (group.length === 0) return;
    let outcomes: Outcome[];
    try {
      outcomes = this.#inTransaction(() => group.map(attempt));
    } catch (cause) {
      this.#hooks.rolledBack?.();
      for (const { reject } of group) reject(new Failure('STORE_UNAVAILABLE', '', { cause }));
      return;
    }
    // Refusals wait for the commit too: each was judged by what the writes before it in the group had done.
    for (const outcome of outcomes) settle(outcome);
    this.#hooks.committed?.();
  }

  #inTransaction<R>(work: () => R): R {
    this.#database.exec('BEGIN IMMEDIATE');
    let isWritten = false;
    try {
      const result = work();
      isWritten = true;
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors, such as a full disk.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      if (isWritten) this.#overwriteTail();
      throw error;
    }
  }

  /**
   * A commit whose sync failed lies whole behind the end of the write-ahead log, and whoever opens the file after a crash would
   * take it for good. What is written next takes its place. Nothing depends on `user_version`, and this sets it to what it is.
   */
  #overwriteTail(): void {
    try {
      this.#database.exec('PRAGMA user_version = 0');
    } catch {
      // Written and not synced is enough; a disk that does not even take the write has most likely not taken the commit.
    }
  }
}

/** The failure of everything asked of a store that has been closed. */
export function closedFailure(): Failure {
  return new Failure('STORE_UNAVAILABLE', '', { cause: new Error('The store has been closed.') });
}

function attempt(waiting: Waiting): Outcome {
  try {
    return { of: waiting, result: waiting.write() };
  } catch (error) {
    if (error instanceof Failure) return { of: waiting, refusal: error };
    throw error;
  }
}

function settle({ of, result, refusal }: Outcome): void {
  if (refusal) of.reject(refusal);
  else of.resolve(result as never);
}
