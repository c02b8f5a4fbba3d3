import { STREAM_PROTOCOL } from '@runvoy/protocol';
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { RunvoyApi } from './api.ts';
import { followRun, type FollowDeps } from './follow-run.ts';
import { digestOf } from './log-digest.ts';
import { RunState } from './run-state.ts';

/** How often the place of a run that waits for a slot is asked for. */
const PLACE_MS = 2_500;

export interface FollowedRun {
  readonly state: RunState;
  /** Changes with every change of `state`. */
  readonly version: number;
  /** Reads everything again from the first line. */
  readonly readAgain: () => void;
}

/** Follows one run for as long as it is shown. */
export function useRun(api: RunvoyApi, executionId: string): FollowedRun {
  const [reading, setReading] = useState(0);
  const state = useMemo(() => new RunState(executionId), [executionId, api, reading]);
  useEffect(() => {
    const stop = new AbortController();
    void followRun(state, browserDeps(api), stop.signal);
    return () => stop.abort();
  }, [api, state]);
  const version = useSyncExternalStore(state.subscribe, state.version);
  const isWaiting = state.run?.waiting_for === 'slot';
  useEffect(() => (isWaiting ? watchPlace(api, state) : undefined), [api, state, isWaiting]);
  return { state, version, readAgain: useCallback(() => setReading((count) => count + 1), []) };
}

/** Others move a run in the queue, so that no news of its own tells its place. Returns what ends the asking. */
function watchPlace(api: RunvoyApi, state: RunState): () => void {
  const stop = new AbortController();
  const timer = setInterval(() => {
    if (document.visibilityState !== 'visible') return;
    // What could not be asked is asked again.
    api.status(state.executionId, stop.signal).then(
      (run) => state.placed(run.queue),
      () => undefined,
    );
  }, PLACE_MS);
  return () => {
    stop.abort();
    clearInterval(timer);
  };
}

function browserDeps(api: RunvoyApi): FollowDeps {
  return {
    api,
    connect: (url) => new WebSocket(url, STREAM_PROTOCOL),
    pause,
    now: Date.now,
    random: Math.random,
    digest: async (lines) => {
      // Absent outside secure contexts, whatever the type says.
      const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
      return subtle && digestOf(lines, subtle);
    },
  };
}

/** Waits; ends early when the network returns or the page is looked at again. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      window.removeEventListener('online', wake);
      document.removeEventListener('visibilitychange', wake);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    window.addEventListener('online', wake);
    document.addEventListener('visibilitychange', wake);
    signal.addEventListener('abort', wake);
    if (signal.aborted) wake();
  });
}
