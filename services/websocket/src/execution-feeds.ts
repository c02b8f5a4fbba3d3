import type { Execution } from '@runvoy/core';
import { ExecutionFeed, type FeedDeps } from './execution-feed.ts';

/** A place at an execution's feed. The feed lives as long as somebody holds one. */
export interface FeedPlace {
  readonly feed: ExecutionFeed;
  /** Gives the place up; the last one closes the feed. */
  release(): void;
}

interface Entry {
  readonly feed: Promise<ExecutionFeed>;
  places: number;
}

/** The feeds of this instance: one for each execution that somebody views, none for the others. */
export class ExecutionFeeds {
  readonly #deps: FeedDeps;
  readonly #entries = new Map<string, Entry>();

  constructor(deps: FeedDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Takes a place. Rejects when the store does not answer. */
  async enter(execution: Execution): Promise<FeedPlace> {
    const { execution_id } = execution;
    let entry = this.#entries.get(execution_id);
    if (!entry) {
      entry = { feed: ExecutionFeed.open(this.#deps, execution), places: 0 };
      this.#entries.set(execution_id, entry);
    }
    entry.places += 1;
    const held = entry;
    try {
      const feed = await held.feed;
      return { feed, release: () => this.#release(execution_id, held, feed) };
    } catch (error) {
      // The next one to come tries anew.
      this.#release(execution_id, held);
      throw error;
    }
  }

  #release(executionId: string, entry: Entry, feed?: ExecutionFeed): void {
    entry.places -= 1;
    if (entry.places > 0) return;
    if (this.#entries.get(executionId) === entry) this.#entries.delete(executionId);
    feed?.close();
  }
}
