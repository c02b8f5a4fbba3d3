import type { Change, Clock, NamedQuery, Watcher } from '@runvoy/core';
import type { DocumentShapes } from './document-shapes.ts';
import type { ListenClients, ListenedDocument, ListenResponse, ListenStream } from './listen-clients.ts';
import { statusNamed } from './listen-clients.ts';
import { placeOf } from './record-pages.ts';
import { failureOf, StoreProblem } from './store-problem.ts';
import type { QueryProto } from './structured-query.ts';
import { comparePlaces } from './value-order.ts';

/** What is listened to; `order` is that of the query's results. */
export type WatchTarget =
  | { readonly documents: { readonly documents: readonly string[] }; readonly order?: undefined }
  | { readonly query: { readonly parent: string; readonly structuredQuery: QueryProto }; readonly order: NamedQuery };

export interface WatchStore {
  readonly shapes: DocumentShapes;
  readonly clients: Pick<ListenClients, 'open'>;
  readonly clock: Clock;
  readonly random: () => number;
  /** The watch is over, by either side. */
  ended(watch: RecordWatch): void;
}

/** A live target says at least every 45 s that it still lives; after this silence the call is taken for lost. */
const SILENCE_MS = 120_000;
const LOOK_EVERY_MS = 30_000;
/** For so long calls are opened again without one of them getting anywhere. */
const GIVE_UP_MS = 60_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/** Faults of what was asked, not of the way there: the same call would end the same way. */
const PERMANENT = new Set([
  'INVALID_ARGUMENT',
  'PERMISSION_DENIED',
  'FAILED_PRECONDITION',
  'UNIMPLEMENTED',
  'OUT_OF_RANGE',
]);

const TARGET = 1;

/** A listen call; `stream` is there once it is open. */
interface Call {
  isOver: boolean;
  stream?: ListenStream;
}

/** A document that is there, or that has left the result. */
type Arrival = ListenedDocument | 'gone';

/**
 * One watch: a listen call that is opened again where it broke off. It remembers which documents the watcher knows and their
 * versions, and not what is in them: a long log is not kept in memory to be followed.
 */
export class RecordWatch {
  readonly #target: WatchTarget;
  readonly #watcher: Watcher<object>;
  readonly #store: WatchStore;
  readonly #over = new AbortController();
  /** What the watcher was told is there, by name, with its version. */
  readonly #known = new Map<string, string>();
  /** What has come since the last consistent state. */
  #arrived = new Map<string, Arrival>();
  /** After a reset: what the server has named again. */
  #namedAgain: Set<string> | undefined;
  #resumeToken: Uint8Array | undefined;
  #isCurrent = false;
  #isBegun = false;
  #call: Call | undefined;
  #heardAt: number;
  #stuckSince: number | undefined;
  #tries = 0;

  constructor(target: WatchTarget, watcher: Watcher<object>, store: WatchStore) {
    this.#target = target;
    this.#watcher = watcher;
    this.#store = store;
    this.#heardAt = store.clock.now();
    void this.#open();
    void this.#guardSilence();
  }

  end(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#hangUp();
    this.#store.ended(this);
  }

  fail(error: unknown): void {
    if (this.#over.signal.aborted) return;
    this.end();
    try {
      this.#watcher.failed(error as Error);
    } catch {
      // Nobody is left to tell.
    }
  }

  async #open(): Promise<void> {
    const { order: _, ...target } = this.#target;
    const resume = this.#resumeToken === undefined ? {} : { resumeToken: this.#resumeToken };
    const request = { database: this.#store.shapes.database, addTarget: { ...target, targetId: TARGET, ...resume } };
    this.#isCurrent = false;
    this.#arrived = new Map();
    this.#heardAt = this.#store.clock.now();
    // Without a token the server begins at the beginning, and does not name what is gone.
    this.#namedAgain = this.#resumeToken === undefined ? new Set() : undefined;
    const call: Call = { isOver: false };
    this.#call = call;
    try {
      const stream = await this.#store.clients.open(request, {
        response: (response) => {
          if (!call.isOver) this.#guarded(() => this.#take(response));
        },
        ended: (problem) => {
          if (!call.isOver) this.#abandon(problem);
        },
      });
      if (call.isOver) stream.cancel();
      else call.stream = stream;
    } catch (error) {
      this.#abandon(error as StoreProblem);
    }
  }

  /** Gives the call up, and opens another. */
  #abandon(problem: StoreProblem): void {
    this.#hangUp();
    void this.#reopen(problem);
  }

  #hangUp(): void {
    if (!this.#call) return;
    this.#call.isOver = true;
    this.#call.stream?.cancel();
    this.#call = undefined;
  }

  async #reopen(problem: StoreProblem): Promise<void> {
    const { clock, random } = this.#store;
    if (this.#over.signal.aborted) return;
    this.#stuckSince ??= clock.now();
    if (PERMANENT.has(problem.status) || clock.now() - this.#stuckSince > GIVE_UP_MS)
      return this.fail(failureOf(problem));
    await clock.sleep(random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#tries++), this.#over.signal);
    if (!this.#over.signal.aborted) await this.#open();
  }

  /** A connection that died without a word tells nobody. */
  async #guardSilence(): Promise<void> {
    const { clock } = this.#store;
    while (!this.#over.signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, this.#over.signal);
      if (!this.#call || clock.now() - this.#heardAt <= SILENCE_MS) continue;
      this.#abandon(new StoreProblem('UNAVAILABLE', 'nothing was heard of the listen call'));
    }
  }

  #take(response: ListenResponse): void {
    this.#heardAt = this.#store.clock.now();
    const { documentChange, targetChange, filter } = response;
    const gone = response.documentDelete ?? response.documentRemove;
    if (documentChange) {
      const { document, targetIds = [] } = documentChange;
      this.#arrive(document.name, targetIds.includes(TARGET) ? document : 'gone');
    } else if (gone) this.#arrive(gone.document, 'gone');
    else if (filter) this.#compareCount(filter.count ?? 0);
    else if (targetChange) this.#takeTargetChange(targetChange);
  }

  #arrive(name: string, arrival: Arrival): void {
    this.#arrived.set(name, arrival);
    if (arrival === 'gone') this.#namedAgain?.delete(name);
    else this.#namedAgain?.add(name);
  }

  #takeTargetChange(change: NonNullable<ListenResponse['targetChange']>): void {
    switch (change.targetChangeType) {
      case 'REMOVE': {
        const { code, message } = change.cause ?? {};
        this.#abandon(new StoreProblem(statusNamed(code), message ?? 'the target was removed'));
        return;
      }
      case 'RESET':
        this.#arrived = new Map();
        this.#namedAgain = new Set();
        this.#isCurrent = false;
        return;
      case 'CURRENT':
        this.#isCurrent = true;
        break;
      default:
    }
    // A read time for all targets marks one state of the store: what arrived until then belongs together.
    const isForAll = (change.targetIds ?? []).length === 0;
    if (this.#isCurrent && change.readTime && isForAll) this.#tell();
    if (change.resumeToken?.length && this.#arrived.size === 0) this.#resumeToken = change.resumeToken;
  }

  /** The server says how many there are. If that is not what the watcher knows, it begins anew: something was missed. */
  #compareCount(count: number): void {
    const there = new Set(this.#namedAgain ?? this.#known.keys());
    for (const [name, arrival] of this.#arrived) {
      if (arrival === 'gone') there.delete(name);
      else there.add(name);
    }
    if (there.size === count) return;
    this.#resumeToken = undefined;
    this.#abandon(new StoreProblem('ABORTED', 'the listen call has missed something'));
  }

  #tell(): void {
    const changes: { readonly change: Change<object>; readonly updated: string }[] = [];
    for (const [name, arrival] of this.#arrived) this.#note(name, arrival, changes);
    if (this.#namedAgain) {
      for (const name of this.#known.keys()) if (!this.#namedAgain.has(name)) this.#note(name, 'gone', changes);
    }
    this.#arrived = new Map();
    this.#namedAgain = undefined;
    this.#stuckSince = undefined;
    this.#tries = 0;
    if (this.#isBegun && changes.length === 0) return;
    const isFirst = !this.#isBegun;
    this.#isBegun = true;
    changes.sort((a, b) => (isFirst ? 0 : compareText(a.updated, b.updated)) || this.#byPlace(a.change, b.change));
    this.#watcher.changed(changes.map(({ change }) => change));
  }

  #note(
    name: string,
    arrival: Arrival,
    changes: { readonly change: Change<object>; readonly updated: string }[],
  ): void {
    const { shapes } = this.#store;
    const id = shapes.idOf(name);
    if (arrival === 'gone') {
      if (this.#known.delete(name)) changes.push({ change: { kind: 'gone', id }, updated: '' });
      return;
    }
    const updated = versionOf(arrival);
    if (this.#known.get(name) === updated) return;
    this.#known.set(name, updated);
    const value = shapes.valueOf(arrival.fields);
    changes.push({ change: { kind: 'present', id, value }, updated });
  }

  #byPlace(a: Change<object>, b: Change<object>): number {
    const { order } = this.#target;
    if (!order || a.kind === 'gone' || b.kind === 'gone') return 0;
    return comparePlaces(order, placeOf(order, a), placeOf(order, b));
  }

  /** A watcher that throws may have missed something: it is told no more. */
  #guarded(take: () => void): void {
    if (this.#over.signal.aborted) return;
    try {
      take();
    } catch (error) {
      this.fail(error);
    }
  }
}

/** Texts that sort as the times do. */
function versionOf({ updateTime }: ListenedDocument): string {
  const { seconds = 0, nanos = 0 } = updateTime ?? {};
  return `${String(seconds).padStart(12, '0')}.${String(nanos).padStart(9, '0')}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
