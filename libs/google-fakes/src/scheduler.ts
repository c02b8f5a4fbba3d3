import type { Authorize } from './authorize.ts';
import { Faults } from './faults.ts';
import { loadServices, serveGrpc } from './grpc-server.ts';
import type { Caller, Listening, RecordedCall, UnaryMethod } from './grpc-server.ts';
import { backoff, fasterPace } from './pace.ts';
import type { Pace } from './pace.ts';
import { page } from './page.ts';
import { JobTable, timestamp } from './scheduler/job-table.ts';
import type { SchedulerJob } from './scheduler/job-table.ts';
import { nextDue } from './scheduler/schedule.ts';
import { signedPost } from './signed-post.ts';
import type { MintToken } from './signed-post.ts';

/** A Cloud Scheduler with HTTP targets, for Google's own client. */
export interface FakeScheduler {
  /** Opens a port on which everyone who connects is `account`. */
  listenAs(account?: string): Promise<Listening>;
  readonly jobs: JobTable;
  readonly faults: Faults;
  readonly calls: readonly RecordedCall[];
  /** Fires a job now, tries included, so many times in a row. Answers the last HTTP status of each; 0 for none in time. */
  fire(name: string, times?: number): Promise<readonly number[]>;
  /** From now on fires what falls due by the fake's time, until it is disposed. */
  start(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

const SERVICE = 'google.cloud.scheduler.v1.CloudScheduler';
const DEFAULT_DEADLINE_S = 180;
const DEFAULT_MIN_BACKOFF_S = 5;
const MAX_BACKOFF_MS = 3_600_000;

/** Opens a scheduler without jobs. Nothing fires by itself before `start`. */
export function fakeScheduler({
  mintToken,
  authorize,
  pace = fasterPace(),
}: {
  readonly mintToken: MintToken;
  readonly authorize?: Authorize;
  readonly pace?: Pace;
}): FakeScheduler {
  const jobs = new JobTable(() => pace.now());
  const faults = new Faults();
  const calls: RecordedCall[] = [];
  const ports: Listening[] = [];
  const stopped = new AbortController();
  const underWay = new Set<Promise<unknown>>();

  async function attempts(job: SchedulerJob, scheduledMs: number): Promise<number> {
    const { retryCount = 0, minBackoffDuration } = job.retryConfig ?? {};
    const minMs = Number(minBackoffDuration?.seconds ?? DEFAULT_MIN_BACKOFF_S) * 1_000;
    for (let attempt = 1; ; attempt++) {
      jobs.change(job.name, { lastAttemptTime: timestamp(pace.now()) });
      const status = await signedPost(mintToken, requestFor(job, scheduledMs), stopped.signal);
      const isTaken = status >= 200 && status < 300;
      const outcome = isTaken ? null : { code: 13, message: `HTTP ${status}` };
      if (jobs.all.some(({ name }) => name === job.name)) jobs.change(job.name, { status: outcome });
      if (isTaken || attempt > retryCount || stopped.signal.aborted) return status;
      await pace.sleep(backoff(attempt, { minMs, maxMs: MAX_BACKOFF_MS }), stopped.signal);
    }
  }

  function fireOnce(name: string, scheduledMs = pace.now()): Promise<number> {
    const firing = attempts(jobs.get(name), scheduledMs).finally(() => underWay.delete(firing));
    underWay.add(firing);
    return firing;
  }

  async function fireWhatFallsDue(): Promise<void> {
    let seenMs = pace.now();
    while (!stopped.signal.aborted) {
      const due = jobs.all
        .filter(({ state }) => state === 'ENABLED')
        .map((job) => ({ job, at: nextDue(job.schedule, seenMs) }));
      // A job that is created meanwhile is seen within a minute.
      const next = Math.min(seenMs + 60_000, ...due.map(({ at }) => at));
      await pace.sleep(Math.max(0, next - pace.now()), stopped.signal);
      if (stopped.signal.aborted) return;
      for (const { job, at } of due) {
        if (at > next || !jobs.all.some(({ name, state }) => name === job.name && state === 'ENABLED')) continue;
        void fireOnce(job.name, at);
        jobs.change(job.name, { scheduleTime: timestamp(nextDue(job.schedule, at)) });
      }
      seenMs = next;
    }
  }

  const service = loadServices('@google-cloud/scheduler', ['google/cloud/scheduler/v1/cloudscheduler.proto'])(SERVICE);
  const methods = methodsOf(jobs, (name) => void fireOnce(name));
  return {
    jobs,
    faults,
    calls,
    async fire(name, times = 1) {
      const statuses: number[] = [];
      for (let fired = 0; fired < times; fired++) statuses.push(await fireOnce(name));
      return statuses;
    },
    start() {
      const running = fireWhatFallsDue().finally(() => underWay.delete(running));
      underWay.add(running);
    },
    async listenAs(account) {
      const record = (call: RecordedCall) => calls.push(call);
      const port = await serveGrpc([{ service, methods }], { account, authorize, faults, record });
      ports.push(port);
      return port;
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await Promise.all([...underWay, ...ports.map((port) => port.stop())]);
    },
  };
}

function methodsOf(jobs: JobTable, fire: (name: string) => void): Record<string, UnaryMethod> {
  return {
    CreateJob({ parent, job }, caller) {
      caller.need('cloudscheduler.jobs.create', parent);
      return jobs.create(parent, job);
    },
    GetJob: ({ name }, caller) => jobs.get(allowed(caller, 'get', name)),
    ListJobs({ parent, ...paging }, caller) {
      caller.need('cloudscheduler.jobs.list', parent);
      const all = jobs.all.filter(({ name }) => name.startsWith(`${parent}/jobs/`));
      const { items, nextPageToken } = page(all, paging);
      return { jobs: items, nextPageToken };
    },
    UpdateJob({ job, updateMask }, caller) {
      allowed(caller, 'update', job?.name ?? '');
      return jobs.update(job, updateMask?.paths ?? []);
    },
    DeleteJob({ name }, caller) {
      jobs.delete(allowed(caller, 'delete', name));
      return {};
    },
    PauseJob: ({ name }, caller) => jobs.change(allowed(caller, 'pause', name), { state: 'PAUSED' }),
    ResumeJob: ({ name }, caller) => jobs.change(allowed(caller, 'enable', name), { state: 'ENABLED' }),
    RunJob({ name }, caller) {
      const job = jobs.get(allowed(caller, 'run', name));
      fire(job.name);
      return job;
    },
  };
}

function allowed(caller: Caller, verb: string, name: string): string {
  caller.need(`cloudscheduler.jobs.${verb}`, name);
  return name;
}

function requestFor({ name, httpTarget, attemptDeadline }: SchedulerJob, scheduledMs: number) {
  const { uri, httpMethod, headers, body, oidcToken } = httpTarget;
  const audience = oidcToken?.audience ? { audience: oidcToken.audience } : {};
  return {
    url: uri,
    method: httpMethod,
    headers: {
      'user-agent': 'Google-Cloud-Scheduler',
      ...headers,
      'x-cloudscheduler': 'true',
      'x-cloudscheduler-jobname': name.split('/').at(-1)!,
      'x-cloudscheduler-scheduletime': new Date(scheduledMs).toISOString(),
    },
    body: new Uint8Array(body ?? []),
    ...(oidcToken ? { oidcToken: { serviceAccountEmail: oidcToken.serviceAccountEmail, ...audience } } : {}),
    deadlineMs: Number(attemptDeadline?.seconds ?? DEFAULT_DEADLINE_S) * 1_000,
  };
}
