import { ExecutionFeeds, Viewer, type FrameForm } from '@runvoy/websocket/viewing';
import { executionRef } from '../src/executions/execution.ts';
import { Failure } from '../src/failure.ts';
import { requireKeptLog } from '../src/logs/expire-log.ts';
import type { LogStore } from '../src/logs/log-store.ts';
import type { Records } from '../src/records/records.ts';
import type { Instance } from './instance.ts';
import { clockOf } from './services.ts';
import type { StoreWatch } from './store-watch.ts';
import type { Stream } from './stream.ts';
import { viewFeed } from './view-feed.ts';

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** The live view of one instance, without HTTP: who comes is served by the service's own feeds and viewers. */
export class LiveDoor {
  readonly instance: Instance;
  readonly #records: Records;
  readonly #feeds: ExecutionFeeds;

  constructor(instance: Instance, { records, archive }: LogStore, store: StoreWatch) {
    this.instance = instance;
    this.#records = records;
    const { world } = instance;
    const logger = {
      ...SILENT,
      error: (text: string, { error }: { readonly error?: unknown } = {}) =>
        world.violate('unexpected-error', `${instance.name}: ${text}: ${String(error)}`),
    };
    this.#feeds = new ExecutionFeeds({
      records,
      archive,
      feed: viewFeed(instance, store),
      clock: clockOf(instance),
      logger,
    });
  }

  /** Lets a viewer in, as `Seats` does. Rejects when the store does not answer. */
  async welcome(executionId: string, after: number, form: FrameForm, stream: Stream): Promise<void> {
    const stored = await this.#records.get(executionRef(executionId));
    if (!stored) throw new Failure('EXECUTION_NOT_FOUND', executionId);
    requireKeptLog(stored.value);
    const place = await this.#feeds.enter(stored.value);
    try {
      const hello = await place.feed.hello();
      if (!stream.isOpen) return place.release();
      this.#seat(place, new Viewer({ outlet: stream, form, log: place.feed, after }), hello, stream);
    } catch (error) {
      place.release();
      throw error;
    }
  }

  #seat(
    place: Awaited<ReturnType<ExecutionFeeds['enter']>>,
    viewer: Viewer,
    hello: Parameters<Viewer['begin']>[0],
    stream: Stream,
  ): void {
    const { instance } = this;
    instance.serving.viewer += 1;
    instance.whenDead(() => stream.reset());
    stream.whenGone(() => {
      instance.serving.viewer -= 1;
      place.feed.leave(viewer);
      place.release();
    });
    place.feed.join(viewer);
    viewer.begin(hello);
    if (viewer.hole !== undefined) instance.world.reach('reader-waits-for-hole');
  }
}
