import { isFailure, readChunkPage, readHead, readTail, requireStillKept } from '@runvoy/core';
import type { Clock, Execution, LiveFeed, LogAssessment, LogChunk, LogStore, Millis } from '@runvoy/core';
import { isTerminal, type HelloFrame, type StatusFrame } from '@runvoy/protocol';
import type { Logger } from '@runvoy/runtime';
import { RecentChunks } from './recent-chunks.ts';
import { settleLog } from './settle-log.ts';
import { SharedChunk } from './shared-chunk.ts';
import { statusFrame } from './status-frame.ts';
import type { ViewedLog, ViewedPage, Viewer } from './viewer.ts';

export interface FeedDeps extends LogStore {
  readonly feed: LiveFeed;
  readonly clock: Clock;
  readonly logger: Logger;
}

const RETRY_MS = 1_000;
const RETRY_MOST_MS = 5_000;
/** How often a line that is missing below the feed's beginning is looked for. */
const HOLE_MS = 1_000;

/** One execution as all its viewers on this instance see it: one watch, however many they are. */
export class ExecutionFeed implements ViewedLog {
  readonly #deps: FeedDeps;
  readonly #viewers = new Set<Viewer>();
  readonly #recent = new RecentChunks();
  /** Pages that are being read. */
  readonly #pages: { readonly after: number; readonly read: Promise<ViewedPage | undefined> }[] = [];
  readonly #closing = new AbortController();
  readonly #proven = new AbortController();
  #execution: Execution;
  #status: StatusFrame;
  #assessment: LogAssessment | undefined;
  #isSettling = false;
  #isSeeking = false;
  #highest = 0;
  /** The watch tells only of chunks that end after this line. */
  #floor = 0;
  #stopWatching: () => void = () => undefined;

  private constructor(deps: FeedDeps, execution: Execution) {
    this.#deps = deps;
    this.#execution = execution;
    this.#status = statusFrame(execution);
  }

  /** Begins to watch. Rejects when the store does not answer. */
  static async open(deps: FeedDeps, execution: Execution): Promise<ExecutionFeed> {
    const feed = new ExecutionFeed(deps, execution);
    await feed.#watch();
    feed.#settleWhenTerminal();
    return feed;
  }

  get execution(): Execution {
    return this.#execution;
  }

  get highest(): number {
    return this.#highest;
  }

  get status(): StatusFrame {
    return this.#status;
  }

  get assessment(): LogAssessment | undefined {
    return this.#assessment;
  }

  get endedAtMs(): Millis | undefined {
    return this.#execution.completed_at_ms;
  }

  /** What a new viewer is greeted with. */
  async hello(): Promise<HelloFrame> {
    const { execution_id } = this.#execution;
    const head = this.#highest === 0 ? 0 : await readHead(this.#deps, execution_id);
    return { type: 'hello', execution_id, status: this.#execution.status, head, tail: this.#highest };
  }

  join(viewer: Viewer): void {
    this.#viewers.add(viewer);
  }

  leave(viewer: Viewer): void {
    this.#viewers.delete(viewer);
  }

  close(): void {
    this.#closing.abort();
    this.#stopWatching();
    this.#viewers.clear();
  }

  /** Whoever asks for the same while it is being read gets the same. */
  page(after: number, limit: number): Promise<ViewedPage | undefined> {
    const underWay = this.#pages.find((page) => page.after === after);
    if (underWay) return underWay.read;
    const page = {
      after,
      read: this.#readPage(after, limit).finally(() => this.#pages.splice(this.#pages.indexOf(page), 1)),
    };
    this.#pages.push(page);
    return page.read;
  }

  async #readPage(after: number, limit: number): Promise<ViewedPage | undefined> {
    const { clock, logger } = this.#deps;
    const { execution_id } = this.#execution;
    while (!this.#isClosed) {
      const before = { mark: this.#recent.mark(), assessment: this.#assessment };
      try {
        const page = await readChunkPage(this.#deps, execution_id, after, limit);
        // What is not there as it should be may have been removed meanwhile, for its age.
        if (this.#lacksLines(page, after, limit)) await requireStillKept(this.#deps, execution_id);
        const chunks = page.map((chunk) => new SharedChunk(chunk));
        this.#recent.addRead(chunks, this.#countBehind());
        return { chunks, isLast: page.length < limit, ...before };
      } catch (error) {
        if (isFailure(error, 'LOG_EXPIRED')) throw error;
        logger.warn('Could not read a log for a live view; trying again', { execution_id, error });
        await clock.sleep(RETRY_MS, this.#closing.signal);
      }
    }
    return undefined;
  }

  #countBehind(): number {
    let count = 0;
    for (const { isBehind } of this.#viewers) if (isBehind) count += 1;
    return count;
  }

  /** True for a page of a run that has ended, when a viewer would be told that lines are missing. */
  #lacksLines(page: readonly LogChunk[], after: number, limit: number): boolean {
    if (!isTerminal(this.#execution.status)) return false;
    let last = after;
    for (const { from, through } of page) {
      if (from > last + 1) return true;
      last = Math.max(last, through);
    }
    if (page.length === limit || !this.#assessment) return false;
    // Of a log that is not whole nothing else says how far it reached.
    return last < this.#assessment.lines || this.#assessment.completeness !== 'complete';
  }

  keepsAllSince(mark: number): boolean {
    return this.#recent.keepsAllSince(mark);
  }

  recent(seq: number): SharedChunk | undefined {
    return this.#recent.holding(seq);
  }

  broken(error: unknown): void {
    this.#deps.logger.error('A live view broke', { execution_id: this.#execution.execution_id, error });
  }

  /** Above the floor the watch tells when the missing line comes. Below, somebody has to look. */
  awaitHole(seq: number): void {
    if (seq > this.#floor || this.#isSeeking) return;
    this.#isSeeking = true;
    this.#seekHoles().catch((error: unknown) => {
      for (const viewer of this.#viewers) viewer.fail(error);
    });
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  async #watch(): Promise<void> {
    const { feed } = this.#deps;
    const { execution_id } = this.#execution;
    // From the tail on: what is stored already is read by each viewer at its own pace, and never all at once.
    const tail = await readTail(this.#deps, execution_id);
    if (this.#isClosed) return;
    this.#floor = tail;
    this.#highest = Math.max(this.#highest, tail);
    this.#recent.interrupt();
    let isCurrent = true;
    const end = feed.open(execution_id, tail, {
      chunk: (chunk) => {
        if (isCurrent && !this.#isClosed) this.#tell(chunk);
      },
      execution: (execution) => {
        if (isCurrent && !this.#isClosed) this.#change(execution);
      },
      failed: (error) => {
        if (!isCurrent || this.#isClosed) return;
        isCurrent = false;
        void this.#watchAgain(error);
      },
    });
    this.#stopWatching = () => {
      isCurrent = false;
      this.#stopWatching = () => undefined;
      end();
    };
  }

  async #watchAgain(error: Error): Promise<void> {
    const { clock, logger } = this.#deps;
    const { execution_id } = this.#execution;
    logger.warn('The feed of an execution broke; opening it again', { execution_id, error });
    for (let pauseMs = RETRY_MS; !this.#isClosed; pauseMs = Math.min(RETRY_MOST_MS, pauseMs * 2)) {
      await clock.sleep(pauseMs, this.#closing.signal);
      // What is left of the broken watch (its other half, maybe) is ended first.
      this.#stopWatching();
      try {
        await this.#watch();
        break;
      } catch (again) {
        logger.warn('The feed of an execution stays broken', { execution_id, error: again });
      }
    }
    // Whatever was stored meanwhile was told to nobody.
    for (const viewer of this.#viewers) viewer.readOn();
  }

  #tell(chunk: LogChunk): void {
    // Told before, and so either sent or found here by whoever reads the store now.
    if (this.#recent.has(chunk.from)) return;
    const shared = new SharedChunk(chunk);
    this.#recent.add(shared, this.#countBehind());
    this.#highest = Math.max(this.#highest, chunk.through);
    for (const viewer of this.#viewers) viewer.chunkStored(shared);
  }

  #change(execution: Execution): void {
    this.#execution = execution;
    this.#status = statusFrame(execution);
    for (const viewer of this.#viewers) viewer.statusChanged();
    if (execution.log_proven) this.#proven.abort();
    this.#settleWhenTerminal();
  }

  #settleWhenTerminal(): void {
    if (this.#isSettling || !isTerminal(this.#execution.status)) return;
    this.#isSettling = true;
    void this.#settle();
  }

  async #settle(): Promise<void> {
    const signals = { proven: this.#proven.signal, closing: this.#closing.signal };
    this.#assessment = await settleLog(this.#deps, () => this.#execution, signals);
    if (this.#isClosed) return;
    for (const viewer of this.#viewers) viewer.readOn();
  }

  /** One look a second for each missing line, however many viewers wait for it. */
  async #seekHoles(): Promise<void> {
    while (!this.#isClosed) {
      await this.#deps.clock.sleep(HOLE_MS, this.#closing.signal);
      const holes = new Set<number>();
      for (const { hole } of this.#viewers) if (hole !== undefined && hole <= this.#floor) holes.add(hole);
      if (holes.size === 0) break;
      for (const hole of holes) {
        const [found] = (await this.page(hole - 1, 1))?.chunks ?? [];
        if (found?.holds(hole) && !this.#isClosed) this.#tell(found.chunk);
      }
    }
    this.#isSeeking = false;
  }
}
