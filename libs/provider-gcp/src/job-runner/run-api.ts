import type { Millis } from '@runvoy/core';
import type { jobOf } from './job-template.ts';
import type { ListedJob, RunExecution, RunJob, RunTask } from './run-resources.ts';

/** A Job as it is written. */
export type JobSpec = ReturnType<typeof jobOf> & { readonly annotations?: Readonly<Record<string, string>> };

/** What RunJob puts over the sidecar's variables. */
export interface RunOverrides {
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutS: number;
}

/**
 * The calls of Cloud Run v2 that runs need, each made once: who calls decides what may be repeated. They reject with gRPC's code in
 * `code`. What creates, changes or cancels resolves when Cloud Run has taken the request, not when it is done.
 */
export interface RunApi {
  getJob(name: string): Promise<RunJob>;
  listJobs(
    parent: string,
    page: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<{ readonly jobs: readonly ListedJob[]; readonly next?: string }>;
  createJob(parent: string, jobId: string, job: JobSpec): Promise<void>;
  updateJob(name: string, job: JobSpec): Promise<void>;
  /** Its executions go with it. Refused when the Job is no longer the one of this etag. */
  deleteJob(name: string, etag: string): Promise<void>;
  /** Resolves with the execution's short name. */
  runJob(name: string, overrides: RunOverrides, timeoutMs: Millis): Promise<string | undefined>;
  getExecution(name: string): Promise<RunExecution>;
  listExecutions(
    parent: string,
    page: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<{ readonly executions: readonly RunExecution[]; readonly next?: string }>;
  listTasks(execution: string): Promise<readonly RunTask[]>;
  cancelExecution(name: string): Promise<void>;
  close(): Promise<void>;
}
