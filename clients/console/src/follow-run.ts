import { isTerminal, type LogEventBody, type LogLine, type LogsBody } from '@runvoy/protocol';
import type { RunvoyApi } from './api.ts';
import { ApiProblem } from './api-problem.ts';
import { sealLog } from './log-seal.ts';
import { readStream, type StreamSocket } from './read-stream.ts';
import { retryDelayMs } from './retry-delay.ts';
import type { RunState } from './run-state.ts';

/** What following needs of the world. */
export interface FollowDeps {
  readonly api: Pick<RunvoyApi, 'status' | 'logPage' | 'log'>;
  /** Dials with the `runvoy.v2` subprotocol. */
  readonly connect: (url: string) => StreamSocket;
  /** Resolves after `ms`, earlier when waiting has become pointless, and at once when `signal` aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now: () => number;
  readonly random: () => number;
  /** Hex SHA-256 over the digest rows; undefined where the browser offers none. */
  readonly digest: (lines: readonly LogLine[]) => Promise<string | undefined>;
}

const PAGE_LINES = 5_000;
const POLL_MS = 1_000;

/**
 * Reads a run from where `state` stands to its end: stored lines by pages, then live, resumed at the cursor after every drop.
 * Returns when the log has ended, when waiting cannot help, or when `signal` aborts. Never throws.
 */
export async function followRun(state: RunState, deps: FollowDeps, signal: AbortSignal): Promise<void> {
  let attempt = 0;
  while (!signal.aborted) {
    let problem: ApiProblem | undefined;
    try {
      const outcome = await readOn(state, deps, signal);
      if (outcome === 'ended') return;
      if (outcome === 'poll') {
        attempt = 0;
        await deps.pause(POLL_MS, signal);
        continue;
      }
      if (outcome === 'dropped') attempt = 0;
    } catch (cause) {
      if (signal.aborted) return;
      problem = cause instanceof ApiProblem ? cause : new ApiProblem('broken', 'This page met an error.', { cause });
      if (!problem.mayPass) {
        state.connected({ kind: 'refused', problem });
        return;
      }
    }
    if (signal.aborted) return;
    const delay = retryDelayMs(attempt++, deps.random());
    state.connected({ kind: 'waiting', untilMs: deps.now() + delay, problem });
    await deps.pause(delay, signal);
  }
}

/** `dropped`: the stream opened and broke off. `unopened`: it could not be opened. `poll`: nothing to stream, but not over. */
type Outcome = 'ended' | 'dropped' | 'unopened' | 'poll';

async function readOn(state: RunState, deps: FollowDeps, signal: AbortSignal): Promise<Outcome> {
  const { api } = deps;
  const id = state.executionId;
  state.described(await api.status(id, signal));
  const page = await readStoredLines(state, deps, signal);
  if (isTerminal(page.status)) {
    if (page.next_after !== undefined) {
      state.connected({ kind: 'live' });
      return 'poll';
    }
    const run = await api.status(id, signal);
    state.described(run);
    for (const gap of page.gaps ?? []) state.missed(gap);
    await settle(state, deps, {
      lines: run.log?.lines ?? state.log.cursor,
      sha256: page.sha256 ?? run.log?.sha256 ?? null,
      completeness: page.completeness ?? run.log?.completeness ?? 'unproven',
    });
    return 'ended';
  }
  // Runvoy's own shape names a stream only while a run starts or runs; a run being stopped is read by pages unless the page names one.
  const url =
    page.websocket_url ?? (page.status === 'TERMINATING' ? undefined : (await api.log(id, signal)).websocket_url);
  if (url === undefined) {
    state.connected({ kind: 'live' });
    return 'poll';
  }
  const stream = await readStream(deps.connect(withCursor(url, state.log.cursor)), state, signal);
  if (stream.end === undefined) return stream.opened ? 'dropped' : 'unopened';
  await settle(state, deps, stream.end);
  // The frames carry no duration and no end time. The log is whole without them, so a failure here is no error.
  await api.status(id, signal).then(
    (run) => state.described(run),
    () => undefined,
  );
  return 'ended';
}

/** Pages forward until a page is not full: what follows is live, or nothing. */
async function readStoredLines(state: RunState, { api }: FollowDeps, signal: AbortSignal): Promise<LogsBody> {
  let after = state.log.cursor;
  for (;;) {
    const page = await api.logPage(state.executionId, after, PAGE_LINES, signal);
    const events = page.events ?? [];
    if (events.length > 0) state.received(events.map(lineOf));
    const next = Math.max(after, state.log.cursor, page.next_after ?? 0);
    if (page.next_after === undefined || events.length === 0 || next === after) return page;
    after = next;
    // A page may be short because it was cut by size; only a live run's short page means "caught up".
    if (events.length < PAGE_LINES && !isTerminal(page.status)) return page;
  }
}

async function settle(state: RunState, deps: FollowDeps, end: NonNullable<RunState['end']>): Promise<void> {
  state.ended(end);
  state.connected({ kind: 'done' });
  const { lines, cursor, gaps } = state.log;
  state.sealed(sealLog(end, { lines: lines.length, cursor, gaps, sha256: await deps.digest(lines) }));
}

function lineOf({ event_id, timestamp, message, stream, partial }: LogEventBody): LogLine {
  return { seq: Number(event_id), stream, ms: timestamp, text: message, ...(partial && { partial }) };
}

/** The stream's address as given, resumed after `cursor`. */
function withCursor(url: string, cursor: number): string {
  return `${url}${url.includes('?') ? '&' : '?'}after=${cursor}`;
}
