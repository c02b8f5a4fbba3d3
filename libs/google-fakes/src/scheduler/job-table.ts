import { status } from '@grpc/grpc-js';
import { GrpcRefusal } from '../grpc-server.ts';
import { nextDue, ScheduleProblem } from './schedule.ts';

const NAME = /^projects\/[^/]+\/locations\/[^/]+\/jobs\/[A-Za-z0-9_-]{1,500}$/;

type Duration = { readonly seconds: string; readonly nanos: number };
type Timestamp = { readonly seconds: number; readonly nanos: number };

/** The part of google.cloud.scheduler.v1.Job that this fake keeps. */
export interface SchedulerJob {
  readonly name: string;
  readonly description: string;
  readonly httpTarget: {
    readonly uri: string;
    readonly httpMethod: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Buffer;
    readonly oidcToken: { readonly serviceAccountEmail: string; readonly audience: string } | null;
  };
  readonly schedule: string;
  readonly timeZone: string;
  readonly state: 'ENABLED' | 'PAUSED';
  readonly retryConfig: { readonly retryCount: number; readonly minBackoffDuration: Duration | null } | null;
  readonly attemptDeadline: Duration | null;
  readonly userUpdateTime: Timestamp;
  readonly scheduleTime: Timestamp | null;
  readonly lastAttemptTime: Timestamp | null;
  /** Outcome of the last attempt, as google.rpc.Status. */
  readonly status: { readonly code: number; readonly message: string } | null;
}

/** The jobs by name. What a request leaves out is what Google takes for it. */
export class JobTable {
  readonly #jobs = new Map<string, SchedulerJob>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get all(): readonly SchedulerJob[] {
    return [...this.#jobs.values()];
  }

  get(name: string): SchedulerJob {
    const found = this.#jobs.get(name);
    if (!found) throw new GrpcRefusal(status.NOT_FOUND, `Job not found: ${name}`);
    return found;
  }

  create(parent: string, job: Partial<SchedulerJob> | null): SchedulerJob {
    const name = job?.name ?? '';
    if (!NAME.test(name) || !name.startsWith(`${parent}/jobs/`))
      throw invalid(`The job name ${JSON.stringify(name)} is not valid.`);
    const whole = checked({ ...job, name, state: 'ENABLED' } as SchedulerJob);
    if (this.#jobs.has(name)) throw new GrpcRefusal(status.ALREADY_EXISTS, `Job already exists: ${name}`);
    return this.#keep(whole);
  }

  /** Takes over the fields of the mask, all that were given without one. */
  update(job: Partial<SchedulerJob> | null, paths: readonly string[]): SchedulerJob {
    const old = this.get(job?.name ?? '');
    const keys = (
      paths.length > 0 ? paths : ['httpTarget', 'schedule', 'timeZone', 'description', 'retryConfig', 'attemptDeadline']
    ).map((path) => path.split('.')[0]!.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()));
    const changes = Object.fromEntries(Object.entries(job ?? {}).filter(([key]) => keys.includes(key)));
    return this.#keep(checked({ ...old, ...changes }));
  }

  change(name: string, changes: Partial<SchedulerJob>): SchedulerJob {
    const changed = { ...this.get(name), ...changes };
    this.#jobs.set(name, changed);
    return changed;
  }

  delete(name: string): void {
    this.get(name);
    this.#jobs.delete(name);
  }

  #keep(job: SchedulerJob): SchedulerJob {
    const now = this.#now();
    const kept = {
      ...job,
      userUpdateTime: timestamp(now),
      scheduleTime: timestamp(nextDue(job.schedule, now)),
      lastAttemptTime: job.lastAttemptTime ?? null,
    };
    this.#jobs.set(job.name, kept);
    return kept;
  }
}

/** A time in the proto's form. */
export function timestamp(ms: number): Timestamp {
  return { seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 };
}

function checked(job: SchedulerJob): SchedulerJob {
  if (!job.httpTarget?.uri) throw invalid('This fake knows only jobs with an HTTP target.');
  if (!/^https?:\/\//.test(job.httpTarget.uri)) throw invalid(`The URI ${job.httpTarget.uri} is not valid.`);
  if (!/^(?:|(?:Etc\/)?UTC)$/.test(job.timeZone ?? '')) throw invalid('This fake knows only the time zone Etc/UTC.');
  const { retryCount = 0 } = job.retryConfig ?? {};
  if (retryCount < 0 || retryCount > 5) throw invalid('retry_count must be between 0 and 5.');
  const deadline = Number(job.attemptDeadline?.seconds ?? 180);
  if (deadline < 15 || deadline > 1_800) throw invalid('attempt_deadline must be between 15 s and 30 min.');
  try {
    nextDue(job.schedule, 0);
  } catch (error) {
    throw error instanceof ScheduleProblem ? invalid(error.message) : error;
  }
  const method = job.httpTarget.httpMethod;
  const isUnsaid = !method || method === 'HTTP_METHOD_UNSPECIFIED';
  return isUnsaid ? { ...job, httpTarget: { ...job.httpTarget, httpMethod: 'POST' } } : job;
}

function invalid(message: string): GrpcRefusal {
  return new GrpcRefusal(status.INVALID_ARGUMENT, message);
}
