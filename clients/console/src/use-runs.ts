import type { ExecutionBody } from '@runvoy/protocol';
import { useEffect, useState } from 'react';
import type { ListQuery, RunvoyClient } from '@runvoy/sdk/client';
import { problemOf, type ApiProblem } from './api-problem.ts';

const EVERY_MS = 2_500;

export interface Runs {
  /** undefined until read once; kept when a later read fails. */
  readonly runs: readonly ExecutionBody[] | undefined;
  readonly problem: ApiProblem | undefined;
}

const UNREAD: Runs = { runs: undefined, problem: undefined };

/** The latest runs that `query` asks for, which is one object as long as it asks the same; read again every few seconds while the page is visible and at once when it becomes so. */
export function useRuns(api: RunvoyClient, query: ListQuery): Runs {
  const [runs, setRuns] = useState<Runs>(UNREAD);
  useEffect(() => {
    setRuns(UNREAD);
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let reading = false;
    const read = async () => {
      if (reading || stop.signal.aborted || document.visibilityState !== 'visible') return;
      clearTimeout(timer);
      reading = true;
      let again = true;
      try {
        const latest = await api.list(query, { signal: stop.signal, tries: 1 });
        if (!stop.signal.aborted) setRuns({ runs: latest, problem: undefined });
      } catch (cause) {
        if (stop.signal.aborted) return;
        const problem = problemOf(cause);
        again = problem.mayPass;
        setRuns((before) => ({ ...before, problem }));
      } finally {
        reading = false;
      }
      if (again) timer = setTimeout(() => void read(), EVERY_MS);
    };
    const becameVisible = () => void read();
    document.addEventListener('visibilitychange', becameVisible);
    void read();
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', becameVisible);
    };
  }, [api, query]);
  return runs;
}
