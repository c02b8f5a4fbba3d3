import type { IncomingMessage } from 'node:http';
import { Failure } from '@runvoy/core';
import { STREAM_CLOSE, type HelloFrame } from '@runvoy/protocol';
import { admitViewer, type Admission, type AdmissionDeps } from './admit-viewer.ts';
import type { Connection } from './connection.ts';
import type { FeedDeps } from './execution-feed.ts';
import { ExecutionFeeds, type FeedPlace } from './execution-feeds.ts';
import type { FrameForm } from './frame-form.ts';
import { recheckViewers, type Watched } from './recheck-viewers.ts';
import { Viewer } from './viewer.ts';

const MAX_VIEWERS = 2_000;
/** Knocks and re-checks of permissions. */
const ROUND_MS = 30_000;
const CLOSING_MS = 2_000;

export interface SeatsDeps extends AdmissionDeps, FeedDeps {
  /** Viewers this instance serves at most; 2,000 unless told. */
  readonly maxViewers?: number;
}

interface Seat extends Watched {
  readonly connection: Connection;
}

/** A viewer who was let in. Either sits down or leaves; not both. */
export interface Guest {
  readonly admission: Admission;
  /** Begins to serve. What it answers is to be called when the connection is closed. */
  readonly sit: (connection: Connection, form: FrameForm) => () => void;
}

/** Everybody who watches on this instance, whatever door they came in by. */
export class Seats {
  readonly #deps: SeatsDeps;
  readonly #feeds: ExecutionFeeds;
  readonly #seats = new Set<Seat>();
  readonly #closing = new AbortController();
  #arriving = 0;
  #whenEmpty: (() => void) | undefined;

  constructor(deps: SeatsDeps) {
    this.#deps = deps;
    this.#feeds = new ExecutionFeeds(deps);
    void this.#makeRounds();
  }

  get size(): number {
    return this.#seats.size;
  }

  /** Checks a request and hands its guest to `receive`, which may sit down at once, or never. Rejects with a `Failure`. */
  async welcome(request: IncomingMessage, receive: (guest: Guest) => void): Promise<void> {
    const { maxViewers = MAX_VIEWERS } = this.#deps;
    this.#requireOpen();
    if (this.#seats.size + this.#arriving >= maxViewers) throw new Failure('TOO_MANY_VIEWERS', String(maxViewers));
    this.#arriving += 1;
    try {
      const admission = await admitViewer(this.#deps, request);
      const place = await this.#feeds.enter(admission.execution);
      let isSeated = false;
      try {
        const hello = await place.feed.hello();
        this.#requireOpen();
        receive({
          admission,
          sit: (connection, form) => {
            isSeated = true;
            return this.#seat(connection, form, { place, admission, hello });
          },
        });
      } finally {
        if (!isSeated) place.release();
      }
    } finally {
      this.#arriving -= 1;
    }
  }

  /** Tells everybody to come back (1012), takes no more, and resolves when all are gone, at the latest after 2 s. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const { connection } of this.#seats) {
      connection.close(STREAM_CLOSE.restarting, 'the server restarts; resume with the cursor');
    }
    if (this.#seats.size > 0) {
      const empty = new AbortController();
      this.#whenEmpty = () => empty.abort();
      await this.#deps.clock.sleep(CLOSING_MS, empty.signal);
    }
    for (const { connection } of this.#seats) connection.terminate();
  }

  #requireOpen(): void {
    if (this.#closing.signal.aborted) throw new Failure('SHUTTING_DOWN');
  }

  #seat(
    connection: Connection,
    form: FrameForm,
    { place, admission, hello }: { place: FeedPlace; admission: Admission; hello: HelloFrame },
  ): () => void {
    const { feed } = place;
    const viewer = new Viewer({ outlet: connection, form, log: feed, after: admission.after });
    const seat: Seat = {
      connection,
      keyId: admission.keyId,
      get execution() {
        return feed.execution;
      },
      revoke: () => connection.close(STREAM_CLOSE.revoked, 'no longer allowed'),
    };
    this.#seats.add(seat);
    feed.join(viewer);
    viewer.begin(hello);
    return () => {
      if (!this.#seats.delete(seat)) return;
      feed.leave(viewer);
      place.release();
      if (this.#seats.size === 0) this.#whenEmpty?.();
    };
  }

  async #makeRounds(): Promise<void> {
    const { clock, logger } = this.#deps;
    let recheck: Promise<void> | undefined;
    while (true) {
      await clock.sleep(ROUND_MS, this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      for (const { connection } of this.#seats) connection.checkAlive();
      // A store that takes longer than a round holds up neither the knocks nor itself.
      recheck ??= recheckViewers(this.#deps, this.#seats)
        .catch((error: unknown) => logger.error('The check of open live views failed', { error }))
        .finally(() => (recheck = undefined));
    }
  }
}
