import { isTerminal, type LogGap, type LogLine, type LogsBody, type StatusFrame } from '@runvoy/protocol';
import type { RunvoyApi } from './api.ts';
import { ApiProblem, Unreachable } from './api-problem.ts';
import type { FrameTaker, StreamEnd } from './live-stream.ts';
import type { LogEnd, LogTally } from './log-tally.ts';
import { lineOf, PAGE_LINES } from './log-page.ts';
import { retryDelayMs } from './retry-delay.ts';

/** Where a run's log and states go. */
export interface RunSink {
  lines(lines: readonly LogLine[]): void;
  gap(gap: LogGap): void;
  status(frame: StatusFrame): void;
  /** The server cannot be heard; `false`: it can again. */
  silent(isSilent: boolean): void;
  /** Undefined when there is room; otherwise resolves when there is again. */
  full(): Promise<void> | undefined;
}

export interface FollowDeps {
  readonly api: Pick<RunvoyApi, 'status' | 'logPage'>;
  readonly readStream: (url: string, take: FrameTaker, signal: AbortSignal) => Promise<StreamEnd>;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now: () => number;
  readonly random: () => number;
  /** Without any word from the server for so long, following is given up. */
  readonly giveUpMs?: number;
}

/** `ended`: run and log have ended. `left`: `signal` aborted. `silent`: the server was not heard of for too long. */
export type FollowEnd =
  | { readonly kind: 'ended'; readonly end: LogEnd; readonly last: StatusFrame | undefined }
  | { readonly kind: 'left' }
  | { readonly kind: 'silent' };

const GIVE_UP_MS = 10 * 60_000;
const POLL_MS = 1_000;
/** Later than this after a run's end no line is waited for. */
const SETTLED_MS = 60_000;
/** When the live view cannot be opened although the API answers, lines are fetched by pages, and it is tried again now and then. */
const STREAM_TRIES = 3;
const POLLS_BETWEEN_TRIES = 30;

/**
 * Follows one run to its end: live over WebSocket, resumed at the cursor after every break; by pages where there is no live view.
 * `url` is a first address of the live view, if one is known. Rejects only with an answer of the API that trying again cannot change.
 */
export async function followRun(
  deps: FollowDeps,
  run: { readonly id: string; readonly url?: string | undefined; readonly tally: LogTally },
  sink: RunSink,
  signal: AbortSignal,
): Promise<FollowEnd> {
  return new Following(deps, run.id, run.tally, sink, signal).follow(run.url);
}

class Following {
  readonly #deps: FollowDeps;
  readonly #id: string;
  readonly #tally: LogTally;
  readonly #sink: RunSink;
  readonly #signal: AbortSignal;
  #last: StatusFrame | undefined;
  #heardAtMs: number;
  #isSilent = false;
  #attempt = 0;
  #failedStreams = 0;
  /** The line behind which lines were missing without a word. */
  #jumpAt: number | undefined;

  constructor(deps: FollowDeps, id: string, tally: LogTally, sink: RunSink, signal: AbortSignal) {
    this.#deps = deps;
    this.#id = id;
    this.#tally = tally;
    this.#sink = sink;
    this.#signal = signal;
    this.#heardAtMs = deps.now();
  }

  async follow(firstUrl: string | undefined): Promise<FollowEnd> {
    let url = firstUrl;
    while (!this.#signal.aborted) {
      const step = url === undefined ? await this.#readPage() : await this.#readLive(url);
      if (step.kind === 'ended') return { ...step, last: this.#last };
      if (this.#signal.aborted) break;
      url = step.url;
      if (step.waitMs === undefined) {
        if (this.#deps.now() - this.#heardAtMs > (this.#deps.giveUpMs ?? GIVE_UP_MS)) return { kind: 'silent' };
        await this.#deps.pause(retryDelayMs(this.#attempt++, this.#deps.random()), this.#signal);
        if (this.#attempt > 1) this.#silence(true);
      } else if (step.waitMs > 0) {
        await this.#deps.pause(step.waitMs, this.#signal);
      }
    }
    return { kind: 'left' };
  }

  async #readLive(url: string): Promise<Step> {
    const streaming = new AbortController();
    const stopped = AbortSignal.any([this.#signal, streaming.signal]);
    const heard: { end?: LogEnd } = {};
    const take: FrameTaker = (frame) => {
      if (streaming.signal.aborted) return undefined;
      this.#heard();
      switch (frame.type) {
        case 'hello':
          this.#failedStreams = 0;
          return undefined;
        case 'lines':
          if (!this.#takeLines(frame.lines)) this.#jumped(frame.lines, streaming);
          return this.#sink.full();
        case 'gap':
          this.#skip(frame.to);
          return undefined;
        case 'status':
          this.#changed(frame);
          return undefined;
        case 'end':
          heard.end = frame;
          streaming.abort();
          return undefined;
        default:
          return undefined;
      }
    };
    const closed = await this.#deps.readStream(withCursor(url, this.#tally.cursor), take, stopped);
    if (heard.end) return { kind: 'ended', end: heard.end };
    // Lines did not follow each other: the same place is asked for again, at once.
    if (streaming.signal.aborted) return { kind: 'go-on', url, waitMs: 0 };
    if (closed.kind === 'closed') return { kind: 'go-on', url };
    this.#failedStreams += 1;
    // A ticket lives 15 minutes: pages bring a fresh one.
    return { kind: 'go-on', url: undefined, ...(closed.kind === 'refused' ? { waitMs: 0 } : {}) };
  }

  async #readPage(): Promise<Step> {
    const page = await this.#ask(() => this.#deps.api.logPage(this.#id, this.#tally.cursor, PAGE_LINES, this.#signal));
    if (!page) return { kind: 'go-on', url: undefined };
    const events = page.events ?? [];
    const isOver = isTerminal(page.status);
    // The page names no reason and no code; the end asks for them.
    if (!isOver && this.#last?.status !== page.status) this.#changed({ type: 'status', status: page.status });
    const isCaughtUp = await this.#takePage(page, events.map(lineOf));
    await this.#sink.full();
    if (!isCaughtUp) return { kind: 'go-on', url: isOver ? undefined : page.websocket_url, waitMs: POLL_MS };
    if (isOver && page.next_after === undefined) return this.#readEnd(page);
    if (isOver) return { kind: 'go-on', url: undefined, waitMs: events.length > 0 ? 0 : POLL_MS };
    if (page.websocket_url === undefined || this.#prefersPages()) {
      return { kind: 'go-on', url: undefined, waitMs: events.length >= PAGE_LINES ? 0 : POLL_MS };
    }
    return { kind: 'go-on', url: page.websocket_url, waitMs: 0 };
  }

  /** The last page was read: what is known of the whole comes with the run's own state. */
  async #readEnd(page: LogsBody): Promise<Step> {
    const run = await this.#ask(() => this.#deps.api.status(this.#id, this.#signal));
    if (!run) return { kind: 'go-on', url: undefined };
    const { status, reason, exit_code, cancel, log } = run;
    const lines = log?.lines ?? this.#tally.cursor;
    for (const gap of page.gaps ?? []) if (gap.to > this.#tally.cursor) this.#skip(gap.to);
    this.#changed({
      type: 'status',
      status,
      ...(reason === undefined ? {} : { reason }),
      ...(exit_code === null ? {} : { exit_code }),
      ...(cancel === undefined ? {} : { cancel }),
    });
    const completeness = page.completeness ?? log?.completeness ?? 'unproven';
    return { kind: 'ended', end: { lines, sha256: page.sha256 ?? log?.sha256 ?? null, completeness } };
  }

  /** False when the lines do not follow those before: the rest was not taken. */
  #takeLines(lines: readonly LogLine[]): boolean {
    const { fresh, isWhole } = this.#tally.take(lines);
    if (fresh.length > 0) this.#sink.lines(fresh);
    return isWhole;
  }

  /** The live view names what is missing; a jump it did not name is asked for again once, and then taken for missing. */
  #jumped(lines: readonly LogLine[], streaming: AbortController): void {
    if (this.#jumpAt === this.#tally.cursor) return this.#takeRest(lines);
    this.#jumpAt = this.#tally.cursor;
    streaming.abort();
  }

  /** False when lines are missing that may still come: a page shows what is stored, in whatever order it came. */
  async #takePage(page: LogsBody, lines: readonly LogLine[]): Promise<boolean> {
    if (this.#takeLines(lines)) return true;
    if (!isTerminal(page.status)) return false;
    if (page.next_after !== undefined && !(await this.#isSettled())) return false;
    this.#takeRest(lines);
    return true;
  }

  async #isSettled(): Promise<boolean> {
    const run = await this.#ask(() => this.#deps.api.status(this.#id, this.#signal));
    return run?.completed_at !== undefined && this.#deps.now() - Date.parse(run.completed_at) > SETTLED_MS;
  }

  #takeRest(lines: readonly LogLine[]): void {
    do {
      const next = lines.find((line) => line.seq > this.#tally.cursor);
      if (next) this.#skip(next.seq - 1);
    } while (!this.#takeLines(lines));
  }

  #skip(through: number): void {
    const gap = this.#tally.skip(through);
    if (gap) this.#sink.gap(gap);
  }

  #changed(frame: StatusFrame): void {
    this.#last = frame;
    this.#sink.status(frame);
  }

  /** Undefined when the answer may be another one later. */
  async #ask<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await call();
      this.#heard();
      return answer;
    } catch (error) {
      if (this.#signal.aborted || error instanceof Unreachable) return undefined;
      if (error instanceof ApiProblem && (error.mayPass || error.status >= 500)) return undefined;
      throw error;
    }
  }

  #heard(): void {
    this.#heardAtMs = this.#deps.now();
    this.#attempt = 0;
    this.#silence(false);
  }

  #silence(isSilent: boolean): void {
    if (isSilent === this.#isSilent) return;
    this.#isSilent = isSilent;
    this.#sink.silent(isSilent);
  }

  #prefersPages(): boolean {
    if (this.#failedStreams < STREAM_TRIES) return false;
    this.#failedStreams += 1;
    return this.#failedStreams % POLLS_BETWEEN_TRIES !== 0;
  }
}

/** `waitMs` absent: something failed, and the pause grows from try to try. */
type Step =
  | { readonly kind: 'ended'; readonly end: LogEnd }
  | { readonly kind: 'go-on'; readonly url: string | undefined; readonly waitMs?: number };

/** The address as given, resumed after `cursor`. */
function withCursor(url: string, cursor: number): string {
  return `${url}${url.includes('?') ? '&' : '?'}after=${cursor}`;
}
