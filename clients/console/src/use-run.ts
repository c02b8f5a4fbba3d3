import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { followRun } from './follow-run.ts';
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
export function useRun(api: RunvoyClient, executionId: string): FollowedRun {
  const [reading, setReading] = useState(0);
  const state = useMemo(() => new RunState(executionId), [executionId, api, reading]);
  useEffect(() => {
    const stop = new AbortController();
    void followRun(state, { api, pause, now: Date.now }, stop.signal);
    return () => stop.abort();
  }, [api, state]);
  const version = useSyncExternalStore(state.subscribe, state.version);
  const isWaiting = state.run?.waiting_for === 'slot';
  useEffect(() => (isWaiting ? watchPlace(api, state) : undefined), [api, state, isWaiting]);
  return { state, version, readAgain: useCallback(() => setReading((count) => count + 1), []) };
}

/** Others move a run in the queue, so that no news of its own tells its place. Returns what ends the asking. */
function watchPlace(api: RunvoyClient, state: RunState): () => void {
  const stop = new AbortController();
  const timer = setInterval(() => {
    if (document.visibilityState !== 'visible') return;
    // What could not be asked is asked again.
    api.status(state.executionId, { signal: stop.signal, tries: 1 }).then(
      (run) => state.placed(run.queue),
      () => undefined,
    );
  }, PLACE_MS);
  return () => {
    stop.abort();
    clearInterval(timer);
  };
}

/** Waits; ends early when the network returns or the page is looked at again. */
function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      window.removeEventListener('online', wake);
      document.removeEventListener('visibilitychange', wake);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    window.addEventListener('online', wake);
    document.addEventListener('visibilitychange', wake);
    signal?.addEventListener('abort', wake);
    if (signal?.aborted) wake();
  });
}
