import { Failure } from '@runvoy/core';
import type { Change, Watcher } from '@runvoy/core';
import type { DocumentChange } from './document-table.ts';
import type { QueryPlan } from './query-plan.ts';

/** A change whose value is made when it is delivered: each watcher gets an object of its own. */
export type LazyChange = () => Change<object>;

/** What happened to a document, told so that the value is made on delivery. */
type ToChange = (change: DocumentChange) => LazyChange;

/**
 * Tells watchers what was committed. A change costs one lookup for each query of its collection, however many watch something else.
 *
 * Watchers are called in a later microtask than the one that asked for the watch or made the commit, never inside a
 * transaction. One that throws is told `failed` and delivered no more, because it may have missed something; nobody else notices.
 */
export class WatchFeed {
  readonly #toPresent: ToChange;
  readonly #routes = new Map<string, Set<Subscription>>();

  constructor(toPresent: ToChange) {
    this.#toPresent = toPresent;
  }

  /** Watches one record. `read` answers what is true now. */
  watchRecord(collection: string, id: string, watcher: Watcher<object>, read: () => LazyChange[]): () => void {
    return this.#watch([recordRoute(collection, id)], new Subscription(watcher, undefined), read);
  }

  /** Watches what a plan would find. `read` answers what it finds now. */
  watchPlan(plan: QueryPlan, watcher: Watcher<object>, read: () => LazyChange[]): () => void {
    const routes = plan.groups.map((group) => groupRoute(plan.query.number, group));
    return this.#watch(routes, new Subscription(watcher, plan), read);
  }

  /** To be called after the commit, with the group's changes in order. */
  publish(changes: readonly DocumentChange[]): void {
    if (this.#routes.size === 0) return;
    for (const change of changes) this.#publishOne(change);
  }

  /** Ends every watch by telling the watcher that nothing more will come. */
  close(): void {
    const open = new Set([...this.#routes.values()].flatMap((subscriptions) => [...subscriptions]));
    this.#routes.clear();
    for (const subscription of open) subscription.fail(new Failure('SHUTTING_DOWN'));
  }

  #watch(routes: readonly string[], subscription: Subscription, read: () => LazyChange[]): () => void {
    for (const route of routes) {
      const others = this.#routes.get(route);
      if (others) others.add(subscription);
      else this.#routes.set(route, new Set([subscription]));
    }
    const end = () => {
      subscription.end();
      for (const route of routes) this.#leave(route, subscription);
    };
    subscription.onFault = end;
    try {
      // Read and subscribed in one step without an await: no commit can fall between the two.
      subscription.deliver(read());
    } catch (cause) {
      subscription.fail(new Failure('STORE_UNAVAILABLE', '', { cause }));
    }
    return end;
  }

  #leave(route: string, subscription: Subscription): void {
    const subscriptions = this.#routes.get(route);
    subscriptions?.delete(subscription);
    if (subscriptions?.size === 0) this.#routes.delete(route);
  }

  #publishOne(change: DocumentChange): void {
    const { collection, id, entriesBefore, entriesNow } = change;
    const gone: LazyChange = () => ({ kind: 'gone', id });
    const now = change.now ? this.#toPresent(change) : gone;
    for (const subscription of this.#routes.get(recordRoute(collection, id)) ?? []) subscription.deliver([now]);

    const told = new Set<Subscription>();
    for (const entry of entriesNow) {
      const orderKey = entry.key.subarray(entry.groupLength);
      for (const subscription of this.#at(entry.query, entry.key.subarray(0, entry.groupLength))) {
        if (!subscription.covers(orderKey)) continue;
        subscription.deliver([now]);
        told.add(subscription);
      }
    }
    for (const entry of entriesBefore) {
      const orderKey = entry.key.subarray(entry.groupLength);
      for (const subscription of this.#at(entry.query, entry.key.subarray(0, entry.groupLength))) {
        if (subscription.covers(orderKey) && !told.has(subscription)) subscription.deliver([gone]);
      }
    }
  }

  #at(query: number, group: Buffer): Iterable<Subscription> {
    return this.#routes.get(groupRoute(query, group)) ?? [];
  }
}

class Subscription {
  onFault: () => void = () => {};
  readonly #watcher: Watcher<object>;
  readonly #plan: QueryPlan | undefined;
  #pending: LazyChange[] = [];
  #isScheduled = false;
  #hasEnded = false;

  constructor(watcher: Watcher<object>, plan: QueryPlan | undefined) {
    this.#watcher = watcher;
    this.#plan = plan;
  }

  covers(orderKey: Buffer): boolean {
    if (!this.#plan) return false;
    return orderKey.compare(this.#plan.begin) >= 0 && orderKey.compare(this.#plan.end) < 0;
  }

  deliver(changes: readonly LazyChange[]): void {
    for (const change of changes) this.#pending.push(change);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#flush());
  }

  fail(error: Error): void {
    queueMicrotask(() => this.#end(error));
  }

  end(): void {
    this.#hasEnded = true;
    this.#pending = [];
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#hasEnded) return;
    const changes = this.#pending;
    this.#pending = [];
    try {
      this.#watcher.changed(changes.map((change) => change()));
    } catch (error) {
      this.#end(error as Error);
    }
  }

  #end(error: Error): void {
    if (this.#hasEnded) return;
    this.onFault();
    try {
      this.#watcher.failed(error);
    } catch {
      // Nobody is left to tell.
    }
  }
}

function recordRoute(collection: string, id: string): string {
  return `${collection}/${id}`;
}

/** The slash comes first here and never in a record's route, so the two cannot meet. */
function groupRoute(query: number, group: Buffer): string {
  return `/${query}/${group.toString('latin1')}`;
}
