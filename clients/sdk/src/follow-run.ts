import { isTerminal, type ExecutionStatusBody, type LogLine, type StatusFrame } from '@runvoy/protocol';
import type { LogsBody } from '@runvoy/protocol';
import { liveFrames, platformConnect, type Connect } from './live-frames.ts';
import { lineOf, PAGE_LINES } from './log-page.ts';
import { LogTally, type LogEnd } from './log-tally.ts';
import { pause } from './pause.ts';
import type { ConnectionEvent, RunEvent } from './run-events.ts';
import type { RunvoyClient } from './runvoy-client.ts';
import { ServerContact } from './server-contact.ts';
import { skipTo, takeLines, takeRest } from './taken-lines.ts';

export interface FollowOptions {
  /** The line behind which to begin. */
  readonly after?: number;
  /** A first address of the live view, as the answer to a submitted run has it. */
  readonly url?: string | undefined;
  /** Ends the following; the run goes on. */
  readonly signal?: AbortSignal;
  /** Counts the lines; one of the caller's own can be asked for more than the end says. */
  readonly tally?: LogTally;
  /** The platform's WebSocket unless given. */
  readonly connect?: Connect;
  readonly pause?: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly now?: () => number;
  readonly random?: () => number;
  /** Without any word from the server for so long, following fails with `SILENT`; ten minutes unless given. */
  readonly giveUpMs?: number;
}

type FollowedApi = Pick<RunvoyClient, 'status' | 'logPage'>;

const GIVE_UP_MS = 10 * 60_000;
const POLL_MS = 1_000;
/** Later than this after a run's end no line is waited for. */
const SETTLED_MS = 60_000;
/** When the live view cannot be opened although the API answers, lines are fetched by pages, and it is tried again now and then. */
const STREAM_TRIES = 3;
const POLLS_BETWEEN_TRIES = 30;
const OUTCOME_TRIES = 3;
const BETWEEN_OUTCOMES_MS = 300;

/**
 * Follows one run to its end: live over WebSocket, resumed at the cursor after every break; by pages where there is no live view. The
 * last event is `end`, unless `signal` aborted. Whoever stops iterating leaves the run alone. Fails with an answer of the API that
 * trying again cannot change, and with `SILENT`.
 */
export function followRun(
  api: FollowedApi,
  id: string,
  options: FollowOptions = {},
): AsyncGenerator<RunEvent, void, undefined> {
  return new Following(api, id, options).follow(options.url);
}

/** `waitMs` absent: something failed, and the pause grows from try to try. */
type Step =
  | { readonly kind: 'ended'; readonly end: LogEnd; readonly run?: ExecutionStatusBody }
  | { readonly kind: 'go-on'; readonly url: string | undefined; readonly waitMs?: number };

type Steps = AsyncGenerator<RunEvent, Step, undefined>;

class Following {
  readonly #api: FollowedApi;
  readonly #id: string;
  readonly #options: FollowOptions;
  readonly #tally: LogTally;
  readonly #contact: ServerContact;
  readonly #signal: AbortSignal;
  readonly #pause: NonNullable<FollowOptions['pause']>;
  readonly #now: () => number;
  #last: StatusFrame | undefined;
  #failedStreams = 0;
  #connection: ConnectionEvent['state'] | undefined;
  /** The line behind which lines were missing without a word. */
  #jumpAt: number | undefined;

  constructor(api: FollowedApi, id: string, options: FollowOptions) {
    this.#api = api;
    this.#id = id;
    this.#options = options;
    this.#tally = options.tally ?? new LogTally(options.after ?? 0);
    this.#signal = options.signal ?? new AbortController().signal;
    this.#pause = options.pause ?? pause;
    this.#now = options.now ?? Date.now;
    const { giveUpMs = GIVE_UP_MS, random = Math.random } = options;
    this.#contact = new ServerContact({ signal: this.#signal, now: this.#now, random, giveUpMs });
  }

  async *follow(firstUrl: string | undefined): AsyncGenerator<RunEvent, void, undefined> {
    let url = firstUrl;
    let isDescribed = firstUrl !== undefined;
    while (!this.#signal.aborted) {
      let step: Step;
      if (url !== undefined) step = yield* this.#readLive(url);
      else if (isDescribed) step = yield* this.#readPage();
      else {
        step = yield* this.#describe();
        isDescribed = step.kind === 'go-on' && step.waitMs !== undefined;
      }
      if (step.kind === 'ended') return yield* this.#end(step);
      if (this.#signal.aborted) return;
      url = step.url;
      if (step.waitMs === undefined) yield* this.#waitForServer();
      else if (step.waitMs > 0) await this.#pause(step.waitMs, this.#signal);
    }
  }

  async *#describe(): Steps {
    const run = await this.#contact.ask(() => this.#api.status(this.#id, this.#onlyOnce()));
    if (!run) return { kind: 'go-on', url: undefined };
    yield { type: 'run', run };
    if (!isTerminal(run.status)) yield this.#changed(frameOf(run));
    return { kind: 'go-on', url: undefined, waitMs: 0 };
  }

  async *#waitForServer(): AsyncGenerator<RunEvent, void, undefined> {
    const next = this.#contact.nextTry();
    this.#connection = 'lost';
    yield { type: 'connection', state: 'lost', ...next };
    await this.#pause(next.retryInMs, this.#signal);
  }

  async *#readLive(url: string): Steps {
    const { connect = platformConnect } = this.#options;
    const frames = liveFrames(connect, withCursor(url, this.#tally.cursor), this.#signal);
    try {
      for (;;) {
        const { done, value } = await frames.next();
        if (done) return this.#afterBreak(value, url);
        this.#contact.heard();
        yield* this.#connected('live');
        switch (value.type) {
          case 'hello':
            this.#failedStreams = 0;
            break;
          case 'lines':
            if (yield* takeLines(this.#tally, value.lines)) break;
            // Lines did not follow each other: the same place is asked for again, at once. The live view names what is missing; a
            // jump it did not name is asked for once, and then taken for missing.
            if (this.#jumpAt !== this.#tally.cursor) {
              this.#jumpAt = this.#tally.cursor;
              return { kind: 'go-on', url, waitMs: 0 };
            }
            yield* takeRest(this.#tally, value.lines);
            break;
          case 'gap':
            yield* skipTo(this.#tally, value.to);
            break;
          case 'status':
            yield this.#changed(value);
            break;
          case 'end':
            return { kind: 'ended', end: value };
          // No default: a frame of a newer server is none of ours.
        }
      }
    } finally {
      // Closes the connection, however this was left.
      await frames.return('closed');
    }
  }

  #afterBreak(end: 'unopened' | 'closed' | 'behind', url: string): Step {
    if (end === 'behind') return { kind: 'go-on', url, waitMs: 0 };
    this.#contact.broke();
    if (end === 'closed') return { kind: 'go-on', url };
    this.#failedStreams += 1;
    // A ticket lives 15 minutes: pages bring a fresh one, and say whether anybody is there at all.
    return { kind: 'go-on', url: undefined, waitMs: 0 };
  }

  async *#readPage(): Steps {
    const cursor = this.#tally.cursor;
    const page = await this.#contact.ask(() => this.#api.logPage(this.#id, cursor, PAGE_LINES, this.#onlyOnce()));
    if (!page) return { kind: 'go-on', url: undefined };
    const isOver = isTerminal(page.status);
    if (this.#connection !== 'live' || isOver || this.#failedStreams > 0) yield* this.#connected('pages');
    // The page names no reason and no code; the end asks for them.
    if (!isOver && this.#last?.status !== page.status) yield this.#changed({ type: 'status', status: page.status });
    const events = page.events ?? [];
    const isCaughtUp = yield* this.#takePage(page, events.map(lineOf));
    if (!isCaughtUp) return { kind: 'go-on', url: isOver ? undefined : page.websocket_url, waitMs: POLL_MS };
    if (isOver && page.next_after === undefined) return yield* this.#readEnd(page);
    if (isOver) return { kind: 'go-on', url: undefined, waitMs: events.length > 0 ? 0 : POLL_MS };
    if (page.websocket_url === undefined || this.#prefersPages()) {
      return { kind: 'go-on', url: undefined, waitMs: events.length >= PAGE_LINES ? 0 : POLL_MS };
    }
    return { kind: 'go-on', url: page.websocket_url, waitMs: 0 };
  }

  /** The last page was read: what is known of the whole comes with the run's own state. */
  async *#readEnd(page: LogsBody): Steps {
    const run = await this.#contact.ask(() => this.#api.status(this.#id, this.#onlyOnce()));
    if (!run) return { kind: 'go-on', url: undefined };
    const { log } = run;
    const lines = log?.lines ?? this.#tally.cursor;
    for (const gap of page.gaps ?? []) if (gap.to > this.#tally.cursor) yield* skipTo(this.#tally, gap.to);
    yield this.#changed(frameOf(run));
    const completeness = page.completeness ?? log?.completeness ?? 'unproven';
    return { kind: 'ended', end: { lines, sha256: page.sha256 ?? log?.sha256 ?? null, completeness }, run };
  }

  async *#end({ end, run: known }: Step & { readonly kind: 'ended' }): AsyncGenerator<RunEvent, void, undefined> {
    const run = known ?? (await this.#outcome());
    if (this.#signal.aborted) return;
    const verdict = this.#tally.judge(end);
    yield {
      type: 'end',
      lines: end.lines,
      sha256: end.sha256,
      completeness: end.completeness,
      verdict,
      ...(verdict === 'verified' || verdict === 'mismatch' ? { recomputed: this.#tally.digest() } : {}),
      ...(run && { run }),
      ...(this.#last && { last: this.#last }),
    };
  }

  /** The run at its end, with its duration, which no frame carries. When the server does not say, the last frame stands. */
  async #outcome(): Promise<ExecutionStatusBody | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#api.status(this.#id, this.#onlyOnce());
      } catch (error) {
        if (this.#signal.aborted) return undefined;
        if (attempt === OUTCOME_TRIES && this.#last) return undefined;
        if (attempt === OUTCOME_TRIES) throw error;
        await this.#pause(BETWEEN_OUTCOMES_MS, this.#signal);
      }
    }
  }

  /** False when lines are missing that may still come: a page shows what is stored, in whatever order it came. */
  async *#takePage(page: LogsBody, lines: readonly LogLine[]): AsyncGenerator<RunEvent, boolean, undefined> {
    if (yield* takeLines(this.#tally, lines)) return true;
    if (!isTerminal(page.status)) return false;
    if (page.next_after !== undefined && !(await this.#isSettled())) return false;
    yield* takeRest(this.#tally, lines);
    return true;
  }

  async #isSettled(): Promise<boolean> {
    const run = await this.#contact.ask(() => this.#api.status(this.#id, this.#onlyOnce()));
    return run?.completed_at !== undefined && this.#now() - Date.parse(run.completed_at) > SETTLED_MS;
  }

  #changed(frame: StatusFrame): StatusFrame {
    this.#last = frame;
    return frame;
  }

  *#connected(state: 'live' | 'pages'): Generator<RunEvent, void, undefined> {
    if (state === this.#connection) return;
    this.#connection = state;
    yield { type: 'connection', state };
  }

  /** Following has its own patience, and shows it. */
  #onlyOnce() {
    return { signal: this.#signal, tries: 1 };
  }

  #prefersPages(): boolean {
    if (this.#failedStreams < STREAM_TRIES) return false;
    this.#failedStreams += 1;
    return this.#failedStreams % POLLS_BETWEEN_TRIES !== 0;
  }
}

/** A run's state as the live view tells it. */
function frameOf({ status, reason, waiting_for, reason_text, exit_code, cancel }: ExecutionStatusBody): StatusFrame {
  return {
    type: 'status',
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(waiting_for === undefined ? {} : { waiting_for }),
    ...(reason_text === undefined ? {} : { reason_text }),
    ...(exit_code === null ? {} : { exit_code }),
    ...(cancel === undefined ? {} : { cancel }),
  };
}

/** The address as given, resumed after `cursor`. */
function withCursor(url: string, cursor: number): string {
  return `${url}${url.includes('?') ? '&' : '?'}after=${cursor}`;
}
