import { isFailure, linesOf, type LogAssessment, type Millis } from '@runvoy/core';
import { STREAM_CLOSE, type HelloFrame, type StatusFrame } from '@runvoy/protocol';
import type { Frame, FrameForm } from './frame-form.ts';
import type { Outlet } from './outlet.ts';
import type { SharedChunk } from './shared-chunk.ts';

/** A viewer that has this much before it gets nothing more pushed; it reads on from the store when it has room again. */
export const SLOW_BYTES = 1024 * 1024;
/** A viewer that has this much before it is cut: only what is not log lines can have brought it here. */
export const CUT_BYTES = 4 * SLOW_BYTES;
/** The store is read again when no more than this is buffered. */
const READ_ON_BYTES = 256 * 1024;

/** Chunks a page. It grows while chunks are small and shrinks for who cannot take them, since the rest of a page may be read again. */
const PAGE = { first: 16, least: 4, most: 128 } as const;

/** A page of the store, read for one viewer or for several that have come as far. */
export interface ViewedPage {
  readonly chunks: readonly SharedChunk[];
  /** Nothing was stored behind it when it was read. */
  readonly isLast: boolean;
  /** Both are of the moment before it was read. */
  readonly mark: number;
  readonly assessment: LogAssessment | undefined;
}

/** What a viewer reads from: the store for what was, the feed for what is. */
export interface ViewedLog {
  /** Highest line number known to be stored. */
  readonly highest: number;
  readonly status: StatusFrame;
  /** Known once nothing more is waited for. */
  readonly assessment: LogAssessment | undefined;
  /** When the run ended. */
  readonly endedAtMs?: Millis | undefined;
  /**
   * The stored chunks that end after line `after`, about as many as `limit`. Undefined when the log is no longer viewed; rejects with
   * `LOG_EXPIRED` when lines of it were removed for their age.
   */
  page(after: number, limit: number): Promise<ViewedPage | undefined>;
  /** True when all chunks told since the mark are among those `recent` finds. */
  keepsAllSince(mark: number): boolean;
  /** The chunk with this line, if it is at hand. */
  recent(seq: number): SharedChunk | undefined;
  /** A viewer waits for this line although later ones are stored. */
  awaitHole(seq: number): void;
  /** The viewer could not be served; its outlet is closed. */
  broken(error: unknown): void;
}

/**
 * One reader of one log: every line from its cursor on, once and in order, or named as missing.
 *
 * `live`: what is stored and not sent is either nothing or lies beyond a missing line; the feed tells of everything else.
 * `behind`: it reads on, and what the feed tells is left to be found among the recent chunks or in the store.
 */
export class Viewer {
  readonly #outlet: Outlet;
  readonly #form: FrameForm;
  readonly #log: ViewedLog;
  #next: number;
  /** The last line that was sent; 0 before the first. */
  #sent = 0;
  #phase: 'live' | 'behind' | 'ended' = 'behind';
  #lastStatus = '';

  constructor({ outlet, form, log, after }: { outlet: Outlet; form: FrameForm; log: ViewedLog; after: number }) {
    this.#outlet = outlet;
    this.#form = form;
    this.#log = log;
    this.#next = after + 1;
  }

  /** The line it waits for although later ones are stored. */
  get hole(): number | undefined {
    return this.#phase === 'live' && this.#next <= this.#log.highest ? this.#next : undefined;
  }

  get isBehind(): boolean {
    return this.#phase === 'behind';
  }

  /** Greets and begins to serve. */
  begin(hello: HelloFrame): void {
    this.#outlet.send(this.#form.hello(hello));
    this.statusChanged();
    this.#phase = 'live';
    // Nothing to read: whoever waits for a run to begin costs no read of the store.
    if (this.#next <= this.#log.highest || this.#log.assessment) this.readOn();
  }

  /** The status may have changed; it is sent when it did. */
  statusChanged(): void {
    if (this.#phase === 'ended') return;
    const status = JSON.stringify(this.#log.status);
    if (status === this.#lastStatus) return;
    this.#lastStatus = status;
    this.#outlet.send(this.#form.status(this.#log.status));
  }

  /** A chunk is stored. */
  chunkStored(shared: SharedChunk): void {
    if (this.#outlet.bufferedBytes >= CUT_BYTES) return this.#cut();
    if (this.#phase !== 'live' || !shared.holds(this.#next)) return;
    try {
      let isSent = this.#offer(shared);
      // A runner has several batches on their way at once: those that overtook this one were told a moment ago.
      if (isSent && this.#next <= this.#log.highest) isSent = this.#sendRecent() === 'sent';
      if (!isSent || this.#next <= this.#log.highest) this.readOn();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Reads from the cursor on, in the store where it is not at hand: to catch up, after a break of the feed, and for the end. */
  readOn(): void {
    if (this.#phase !== 'live') return;
    this.#phase = 'behind';
    this.#catchUp().catch((error: unknown) => this.fail(error));
  }

  async #catchUp(): Promise<void> {
    let limit: number = PAGE.first;
    while (this.#outlet.isOpen) {
      await this.#outlet.drained(READ_ON_BYTES);
      if (this.#sendRecent() === 'full') continue;
      const known = this.#log.assessment;
      if (!known && this.#next > this.#log.highest) return this.#goLive();
      if (known?.completeness === 'complete' && this.#next > known.lines) return this.#end(known);
      const page = await this.#log.page(this.#next - 1, limit);
      if (!page) return;
      // A hole found by a read is final only if the log was settled before it.
      const { assessment } = page;
      const outcome = this.#sendPage(page.chunks, assessment !== undefined);
      if (outcome === 'full') {
        limit = Math.max(PAGE.least, limit >> 1);
      } else if (outcome === 'sent' && !page.isLast) {
        if (this.#outlet.bufferedBytes < READ_ON_BYTES) limit = Math.min(PAGE.most, limit * 2);
      } else {
        const hole = outcome === 'hole' ? this.#next : undefined;
        if (this.#sendRecent() === 'full') continue;
        if (assessment) return this.#end(assessment);
        // What the page held beyond a hole was left alone: once the hole is filled it is read again.
        const isFilled = hole !== undefined && this.#next > hole && this.#next <= this.#log.highest;
        if (isFilled || this.#log.assessment || !this.#log.keepsAllSince(page.mark)) continue;
        return this.#goLive();
      }
    }
  }

  #goLive(): void {
    this.#phase = 'live';
    if (this.hole !== undefined) this.#log.awaitHole(this.hole);
  }

  #sendPage(page: readonly SharedChunk[], isSettled: boolean): 'sent' | 'hole' | 'full' {
    for (const shared of page) {
      const { chunk } = shared;
      if (chunk.through < this.#next) continue;
      if (chunk.from > this.#next) {
        if (!isSettled) return 'hole';
        this.#skipTo(chunk.from, linesOf(chunk)[0]?.ms);
      }
      if (!this.#offer(shared)) return 'full';
    }
    return 'sent';
  }

  #sendRecent(): 'sent' | 'full' {
    for (let shared = this.#log.recent(this.#next); shared; shared = this.#log.recent(this.#next)) {
      if (!this.#offer(shared)) return 'full';
    }
    return 'sent';
  }

  /** Sends what the viewer wants of a chunk unless that is too much for it now. */
  #offer(shared: SharedChunk): boolean {
    const buffered = this.#outlet.bufferedBytes;
    if (buffered >= SLOW_BYTES) return false;
    const frames = shared.framesFrom(this.#next, this.#form);
    // Who has room by the measure of `catchUp` is always given something: it would ask again at once.
    if (buffered > READ_ON_BYTES && buffered + bytesOf(frames) > SLOW_BYTES) return false;
    this.#outlet.send(frames);
    this.#next = shared.chunk.through + 1;
    this.#sent = shared.chunk.through;
    return true;
  }

  /** Names the lines before `seq` that will not come. */
  #skipTo(seq: number, atMs = this.#log.endedAtMs ?? 0): void {
    this.#outlet.send(this.#form.gap({ type: 'gap', from: this.#next, to: seq - 1 }, atMs));
    this.#next = seq;
  }

  async #end({ lines: assessed, sha256, completeness }: LogAssessment): Promise<void> {
    if (this.#next <= assessed) this.#skipTo(assessed + 1);
    // Of a log without an end record a line may have come, and been sent, since it was assessed.
    const lines = Math.max(assessed, this.#sent);
    this.#outlet.send(this.#form.end({ type: 'end', lines, sha256: sha256 ?? null, completeness }));
    this.#phase = 'ended';
    // A close begins a countdown to the end of the connection: a slow viewer first gets what is buffered.
    await this.#outlet.drained(0);
    this.#outlet.close(STREAM_CLOSE.done, 'execution completed');
  }

  #cut(): void {
    this.#phase = 'ended';
    this.#outlet.close(STREAM_CLOSE.tooSlow, 'too slow; resume with the cursor');
  }

  /** Nothing more can be shown. Whose log is not kept any more comes again, and is told so. */
  fail(error: unknown): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    if (isFailure(error, 'LOG_EXPIRED')) return this.#outlet.close(STREAM_CLOSE.restarting, 'resume with the cursor');
    this.#log.broken(error);
    this.#outlet.close(INTERNAL_ERROR, 'internal error');
  }
}

/** RFC 6455, 7.4.1. */
const INTERNAL_ERROR = 1011;

function bytesOf(frames: readonly Frame[]): number {
  return frames.reduce((sum, frame) => sum + frame.length, 0);
}
