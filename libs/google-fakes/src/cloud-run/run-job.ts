import { randomBytes, randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { GrpcRefusal, type UnaryMethod } from '../grpc-server.ts';
import { acceptedConditions } from './conditions.ts';
import { runCourse, type CourseParts, type ExecutionRecord } from './execution-course.ts';
import type { JobParts } from './jobs.ts';
import { executionId, jobOf, shortName } from './names.ts';
import { effectiveTemplate, type Effective } from './overrides.ts';
import { requireEtag } from './store.ts';
import { timestamp, type Execution, type Job, type Overrides, type Task } from './wire.ts';

export type RunJobParts = JobParts & CourseParts & { courses: Set<Promise<void>> };

/** google.cloud.run.v2.Jobs.RunJob. There is no idempotency key: each accepted call is an execution. */
export function runJobMethod(parts: RunJobParts): Record<string, UnaryMethod> {
  const { platform, store, audit } = parts;
  return {
    RunJob(request: { name: string; etag?: string; validateOnly?: boolean; overrides?: Overrides | null }, caller) {
      const { name, etag, overrides, validateOnly } = request;
      const { project, location } = jobOf(name);
      caller.need('run.jobs.run', name);
      if (overrides) caller.need('run.jobs.runWithOverrides', name);
      const job = store.job(name);
      requireEtag(name, etag, job.etag);
      if (job.reconciling && platform.runBeforeReady === 'refuse') {
        throw new GrpcRefusal(status.FAILED_PRECONDITION, `Job ${shortName(name)} is not ready.`);
      }
      const effective = effectiveTemplate(job.template, overrides);
      const region = `projects/${project}/locations/${location}`;
      if (store.runningIn(region) >= platform.quota.runningExecutions) {
        throw new GrpcRefusal(status.RESOURCE_EXHAUSTED, `Quota exceeded for running executions in ${location}.`);
      }
      const record = newExecution(parts, job, effective, caller.account ?? '');
      if (validateOnly) return parts.operations.shown(record.operation.name);
      audit.call('Jobs.RunJob', name, caller.account, request);
      begin(parts, job, record);
      return parts.operations.shown(record.operation.name);
    },
  };
}

function begin(parts: RunJobParts, job: Job, record: ExecutionRecord): void {
  const { store, platform, courses } = parts;
  const { execution } = record;
  store.executions.set(execution.name, record);
  job.executionCount = (job.executionCount ?? 0) + 1;
  job.latestCreatedExecution = { name: execution.name, createTime: execution.createTime };
  const { project, location, job: id } = jobOf(job.name);
  const jobLabels = Object.fromEntries(Object.entries(execution.labels).filter(([key]) => !key.includes('/')));
  const source = { project, location, job: id, execution: shortName(execution.name), jobLabels };
  const course = (async () => {
    await runCourse(record, source, parts);
    if (!execution.completionTime) return;
    job.latestCreatedExecution = latest(job, execution);
    store.forgetOldest(job.name, platform.keptExecutions);
  })();
  record.completed = course;
  courses.add(course);
  void course.finally(() => courses.delete(course));
}

function latest(job: Job, execution: Execution): NonNullable<Job['latestCreatedExecution']> {
  const known = job.latestCreatedExecution;
  if (known && known.name !== execution.name) return known;
  const { cancelledCount = 0, failedCount = 0, completionTime, createTime, name } = execution;
  const completionStatus =
    cancelledCount > 0 ? 'EXECUTION_CANCELLED' : failedCount > 0 ? 'EXECUTION_FAILED' : 'EXECUTION_SUCCEEDED';
  return { name, createTime, ...(completionTime && { completionTime }), completionStatus };
}

/** As RunJob accepts it: nothing of it has begun. */
export function newExecution(
  { platform, operations }: RunJobParts,
  job: Job,
  { taskCount, template }: Effective,
  creator: string,
): ExecutionRecord {
  const { project, location, job: id } = jobOf(job.name);
  const at = platform.now();
  const name = executionId(id, platform.random);
  const execution: Execution = {
    name: `${job.name}/executions/${name}`,
    uid: randomUUID(),
    creator,
    generation: '1',
    // Of the job's template: a run cannot be labelled by itself.
    labels: { ...job.template.labels },
    annotations: { ...job.template.annotations },
    createTime: timestamp(at),
    updateTime: timestamp(at),
    launchStage: 'GA',
    job: id,
    parallelism: job.template.parallelism ?? 0,
    taskCount,
    template,
    reconciling: true,
    conditions: acceptedConditions(at),
    logUri: `https://console.cloud.google.com/logs/viewer?project=${project}&advancedFilter=resource.type%3D%22cloud_run_job%22%0Alabels.%22run.googleapis.com/execution_name%22%3D%22${name}%22`,
    etag: `"${randomBytes(12).toString('base64url')}"`,
  };
  return {
    execution,
    tasks: Array.from({ length: taskCount }, (_none, index) => newTask(execution, index)),
    operation: operations.open(`projects/${project}/locations/${location}`, 'Execution', execution),
    cancel: new AbortController(),
    listedFrom: at + platform.faults.listingLagMs,
    completed: Promise.resolve(),
    running: [],
  };
}

function newTask(execution: Execution, index: number): Task {
  const { template, createTime } = execution;
  return {
    name: `${execution.name}/tasks/${shortName(execution.name)}-task${index}`,
    uid: randomUUID(),
    generation: '1',
    labels: execution.labels,
    annotations: execution.annotations,
    createTime,
    scheduledTime: createTime,
    updateTime: createTime,
    job: execution.job,
    execution: shortName(execution.name),
    containers: template.containers,
    volumes: template.volumes,
    maxRetries: template.maxRetries ?? 0,
    timeout: template.timeout ?? {},
    serviceAccount: template.serviceAccount ?? '',
    executionEnvironment: 'EXECUTION_ENVIRONMENT_GEN2',
    conditions: [],
    index,
    logUri: execution.logUri,
    etag: `"${randomBytes(12).toString('base64url')}"`,
  };
}
