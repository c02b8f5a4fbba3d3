import type { RunvoyClient } from '@runvoy/sdk/client';
import { followRun as follow, type EndEvent, type FollowOptions, type RunEvent } from '@runvoy/sdk/follow';
import { problemOf } from './api-problem.ts';
import { sealLog } from './log-seal.ts';
import type { RunState } from './run-state.ts';

/** What following needs of the world. */
export interface FollowDeps extends FollowOptions {
  readonly api: Pick<RunvoyClient, 'status' | 'logPage'>;
  readonly now: () => number;
}

/**
 * Reads a run from where `state` stands to its end. Returns when the log has ended, when waiting cannot help, or when `signal` aborts.
 * Never throws: a page that is open waits for its server as long as it takes.
 */
export async function followRun(state: RunState, { api, ...deps }: FollowDeps, signal: AbortSignal): Promise<void> {
  const options = { ...deps, signal, after: state.log.cursor, giveUpMs: Infinity };
  try {
    for await (const event of follow(api, state.executionId, options)) take(state, event, deps.now);
  } catch (cause) {
    if (!signal.aborted) state.connected({ kind: 'refused', problem: problemOf(cause) });
  }
}

function take(state: RunState, event: RunEvent, now: () => number): void {
  switch (event.type) {
    case 'run':
      return state.described(event.run);
    case 'lines':
      return state.received(event.lines);
    case 'gap':
      return state.missed(event);
    case 'status':
      return state.statusChanged(event);
    case 'connection':
      if (event.state !== 'lost') return state.connected({ kind: 'live' });
      return state.connected({
        kind: 'waiting',
        untilMs: now() + event.retryInMs,
        problem: event.error && problemOf(event.error),
      });
    case 'end':
      return end(state, event);
  }
}

function end(state: RunState, { run, recomputed, ...event }: EndEvent): void {
  if (run) state.described(run);
  const stated = { lines: event.lines, sha256: event.sha256, completeness: event.completeness };
  state.ended(stated);
  state.connected({ kind: 'done' });
  const { lines, cursor, gaps } = state.log;
  state.sealed(sealLog(stated, { lines: lines.length, cursor, gaps, sha256: recomputed }));
}
