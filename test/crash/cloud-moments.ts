import type { JobRunner, Records } from '@runvoy/core';
import {
  override,
  tellingExecutions,
  type ExecutionMoment,
  type Reach as ReachOf,
} from '../../services/standalone/test/execution-moments.ts';

/** Moments of a run's life as a service on Google Cloud sees them. Each has a time before and a time after it. */
export type Moment =
  | ExecutionMoment
  /** RunJob. */
  | 'started'
  /** CancelExecution. */
  | 'cancel'
  /** The platform is asked about an attempt. */
  | 'look'
  /** The subscription of a viewer's instance. */
  | 'watch'
  /** A page of a declared query. */
  | 'page';

/** Told of each moment; what it waits for is waited for. */
export type Reach = ReachOf<Moment>;

/** Records that tell what becomes of executions and chunks, and of what is watched and listed. */
export function tellingRecords<Store extends Records>(records: Store, reach: Reach): Store {
  const tell = telling(reach);
  return override(tellingExecutions(records, reach), {
    page: (query, args, from) => tell('page', () => records.page(query, args, from)),
    watchQuery: (query, args, watcher) => {
      void reach('before', 'watch');
      const end = records.watchQuery(query, args, watcher);
      void reach('after', 'watch');
      return end;
    },
  } as Partial<Store>);
}

/** A job runner that tells of starts, looks and cancels. */
export function tellingJobs<Jobs extends JobRunner>(jobs: Jobs, reach: Reach): Jobs {
  const tell = telling(reach);
  return override(jobs, {
    start: (order) => tell('started', () => jobs.start(order)),
    look: (attempt) => tell('look', () => jobs.look(attempt)),
    cancel: (attempt, order) => tell('cancel', () => jobs.cancel(attempt, order)),
  } as Partial<Jobs>);
}

const telling =
  (reach: Reach) =>
  async <T>(moment: Moment, call: () => Promise<T>): Promise<T> => {
    await reach('before', moment);
    const answer = await call();
    await reach('after', moment);
    return answer;
  };
