import type { AttemptRef, Clock, JobRunner, Millis, PlatformListing, StartAnswer, StartOrder } from '@runvoy/core';
import type { Reason } from '@runvoy/protocol';
import { cancelExecution } from './job-runner/cancel-execution.ts';
import { ensureJob, type Rejection } from './job-runner/ensure-job.ts';
import { needsTasks, viewOf } from './job-runner/execution-view.ts';
import { findExecution, identifyExecution } from './job-runner/find-execution.ts';
import { CODE, codeOf } from './job-runner/grpc-code.ts';
import { jobIdOf, ProfileProblem, profileOf, type JobProfile } from './job-runner/job-profile.ts';
import { MANAGED_BY } from './job-runner/job-template.ts';
import { openLoggingApi, type LoggingApi } from './job-runner/logging-api.ts';
import { executionName, jobName, type Place } from './job-runner/names.ts';
import { openRunApi } from './job-runner/open-run-api.ts';
import { retried } from './job-runner/retried.ts';
import type { RunApi } from './job-runner/run-api.ts';
import { runJob } from './job-runner/run-job.ts';
import type { RunExecution } from './job-runner/run-resources.ts';
import { readLane } from './job-runner/safety-lane.ts';
import type { CloudRunSettings } from './job-runner/settings.ts';

/** What the Cloud Run job runner is made of. */
export interface CloudRunJobRunnerOptions extends CloudRunSettings {
  readonly clock: Clock;
  /** 0 to 1, for waits. */
  readonly random: () => number;
  /** `host:port` of a fake; absent: Google itself. */
  readonly runEndpoint?: string | undefined;
  /** `RUNVOY_GCP_LOG_VIEW`: what runs print is read through it; from all of the project without it. */
  readonly logView?: string | undefined;
  readonly loggingEndpoint?: string | undefined;
  /** Takes the place of Google's client. */
  readonly api?: RunApi;
  readonly logging?: LoggingApi;
}

/** Cloud Run names what it has started, and can be asked for it. */
export type CloudRunJobRunner = JobRunner & Required<Pick<JobRunner, 'identify'>> & AsyncDisposable;

/** SIGTERM, and SIGKILL about 10 s later, whatever is asked. */
const GRACE_MS = 10_000;
const STARTS_REMEMBERED = 1_000;
/**
 * For how long after the last run of it a Job is not asked for. Between requests an instance is frozen, and its connection may die
 * meanwhile: a read finds that out and is repeated, where RunJob would leave us with an unknown outcome.
 */
const READY_FOR_MS = 30_000;

/**
 * Runs each attempt as an execution of the Cloud Run Job of its profile. The platform keeps what is known of them; nothing is kept
 * here but which Jobs are known to be ready. Google's clients are loaded with the first call.
 */
export function openCloudRunJobRunner(options: CloudRunJobRunnerOptions): CloudRunJobRunner {
  const { clock, random, project, region } = options;
  const place: Place = { project, region };
  const api = options.api ?? openRunApi({ project, endpoint: options.runEndpoint });
  const logging =
    options.logging ?? openLoggingApi({ project, view: options.logView, endpoint: options.loggingEndpoint });
  const deps = { api, clock, random, place };
  const readyJobs = new Map<string, { readonly answer: Promise<Rejection | undefined>; readonly heardMs: Millis }>();
  const starts = new Map<string, Promise<StartAnswer>>();

  /** Jobs that are ready stay so for a while; what was not is asked about again by the next run. */
  async function ready(profile: JobProfile): Promise<Rejection | undefined> {
    const id = jobIdOf(profile);
    const known = readyJobs.get(id);
    const isFresh = known && clock.now() - known.heardMs < READY_FOR_MS;
    const answer = isFresh ? known.answer : ensureJob(deps, place, profile);
    readyJobs.set(id, { answer, heardMs: clock.now() });
    const rejection = await answer.catch((error: unknown) => {
      readyJobs.delete(id);
      throw error;
    });
    if (rejection) readyJobs.delete(id);
    return rejection;
  }

  async function start(order: StartOrder): Promise<StartAnswer> {
    if (order.isolation !== 'cloud-run') {
      return rejected('isolation', `Cloud Run keeps runs apart by cloud-run, not by ${order.isolation}.`);
    }
    let profile: JobProfile;
    try {
      profile = profileOf(order, options);
    } catch (error) {
      if (!(error instanceof ProfileProblem)) throw error;
      return rejected(error.reason, error.message);
    }
    const id = jobIdOf(profile);
    const rejection = await ready(profile);
    if (rejection) return rejection;
    const answer = await runJob(deps, jobName(place, id), order);
    // It was there and is gone: somebody cleans up. That answer proves that nothing was started, so it may be asked once more.
    if (answer.outcome === 'started' || answer.reason !== 'job_missing') return answer;
    readyJobs.delete(id);
    return (await ready(profile)) ?? runJob(deps, jobName(place, id), order);
  }

  /** With the name of a start that was made here, should nobody have told: it spares a search. */
  async function named(attempt: AttemptRef): Promise<AttemptRef> {
    if (attempt.platform_execution !== undefined) return attempt;
    const answer = await starts.get(keyOf(attempt))?.catch(() => undefined);
    if (answer?.outcome !== 'started' || answer.platform_execution === undefined) return attempt;
    return { ...attempt, platform_execution: answer.platform_execution };
  }

  async function look(attempt: AttemptRef) {
    const execution = await findExecution(deps, await named(attempt));
    // Never the proof that nothing comes: a list can miss for a moment what it will show.
    if (!execution) return { state: 'absent', never: false } as const;
    return viewOf(execution, needsTasks(execution) ? await tasksOf(execution) : []);
  }

  async function tasksOf({ name }: RunExecution) {
    try {
      return await retried(deps, () => api.listTasks(executionName(place, name) ?? ''));
    } catch (error) {
      // Gone with its Job since it was read: how it ended nobody can tell any more.
      if (codeOf(error) === CODE.notFound) return [];
      throw error;
    }
  }

  return {
    isolations: ['cloud-run'],
    // A task shares its network with the sidecar, which needs one.
    shortcomings: { 'cloud-run': ['no_network'] },
    longestGraceMs: GRACE_MS,
    start(order) {
      // An attempt is started once; asked twice, the second gets the answer of the first, an unknown outcome included.
      const key = keyOf(order);
      const answer = starts.get(key) ?? start(order);
      starts.set(key, answer);
      if (starts.size > STARTS_REMEMBERED) starts.delete(starts.keys().next().value ?? '');
      return answer;
    },
    look,
    identify: (attempt) => identifyExecution(deps, attempt),
    cancel: async (attempt) => cancelExecution(deps, await named(attempt)),
    async readSafetyLane(attempt, missing = []) {
      // The log is filled by somebody else, later: it is never known to be complete.
      const { entries, as_of_ms } = await readLane({ logging, project, clock }, attempt, missing);
      return { entries: inOrder(entries), final: false, ...(as_of_ms === undefined ? {} : { as_of_ms }) };
    },
    async list({ after, limit }) {
      const page = await retried(deps, () => api.listExecutions(jobName(place, '-'), { limit, after }));
      const executions = page.executions.flatMap((execution) => listingOf(execution) ?? []);
      return { executions, ...(page.next === undefined ? {} : { next: page.next }) };
    },
    // Cloud Run keeps the last thousand executions of each Job and forgets the others by itself; to delete them takes a permission
    // that nothing else needs, and their exit codes would go with them.
    forgetsByItself: true,
    forget: () => Promise.resolve(),
    async [Symbol.asyncDispose]() {
      await api.close();
    },
  };
}

const keyOf = ({ execution_id, attempt }: Pick<AttemptRef, 'execution_id' | 'attempt'>) => `${execution_id}/${attempt}`;

/** An execution of ours, by the label of our Jobs and the variables that RunJob was given. */
function listingOf(execution: RunExecution): PlatformListing | undefined {
  const { labels, env, name, completedMs } = execution;
  const { RUNVOY_EXECUTION_ID: execution_id, RUNVOY_ATTEMPT: attempt } = env;
  const isOurs = Object.entries(MANAGED_BY).every(([label, value]) => labels[label] === value);
  if (!isOurs || execution_id === undefined || !/^[1-9]\d{0,3}$/.test(attempt ?? '')) return undefined;
  return { execution_id, attempt: Number(attempt), platform_execution: name, ended: completedMs !== undefined };
}

async function* inOrder<T>(entries: readonly T[]): AsyncGenerator<T> {
  yield* entries;
}

function rejected(reason: Reason, details: string): Rejection {
  return { outcome: 'rejected', reason, details };
}
