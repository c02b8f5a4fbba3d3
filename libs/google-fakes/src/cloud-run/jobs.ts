import { randomBytes, randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { GrpcRefusal, type Caller, type UnaryMethod } from '../grpc-server.ts';
import { page } from '../page.ts';
import type { AuditLog } from './audit-log.ts';
import { setCondition } from './conditions.ts';
import { missingImage } from './execution-course.ts';
import { requireJobId, requireValidJob } from './job-validation.ts';
import { jobOf, locationOf } from './names.ts';
import type { Operations } from './operations.ts';
import type { Platform } from './platform.ts';
import { requireEtag, type CloudRunStore } from './store.ts';
import { timestamp, type Condition, type Job } from './wire.ts';

export type JobParts = {
  platform: Platform;
  store: CloudRunStore;
  operations: Operations;
  audit: AuditLog;
  close: AbortSignal;
};

/** What a caller sends of a job; the rest is the server's. */
type GivenJob = Pick<Job, 'name' | 'labels' | 'annotations' | 'template' | 'client' | 'launchStage' | 'etag'>;

/** google.cloud.run.v2.Jobs without RunJob. */
export function jobMethods(parts: JobParts): Record<string, UnaryMethod> {
  const { platform, store, operations, audit } = parts;
  return {
    CreateJob(
      { parent, job, jobId, validateOnly }: { parent: string; job: GivenJob; jobId: string; validateOnly?: boolean },
      caller,
    ) {
      const { location } = locationOf(parent);
      caller.need('run.jobs.create', parent);
      const name = `${parent}/jobs/${requireJobId(jobId)}`;
      const template = requireUsable(job, caller, platform);
      if (store.jobs.has(name)) {
        throw new GrpcRefusal(status.ALREADY_EXISTS, `Resource '${jobId}' already exists.`);
      }
      const inLocation = [...store.jobs.keys()].filter((key) => key.startsWith(`${parent}/`)).length;
      if (inLocation >= platform.quota.jobs) {
        throw new GrpcRefusal(
          status.RESOURCE_EXHAUSTED,
          `Quota exceeded for total allowable count of jobs in ${location}.`,
        );
      }
      const made = newJob(name, { ...job, template }, caller, platform);
      if (!validateOnly) store.jobs.set(name, made);
      audit.call('Jobs.CreateJob', name, caller.account, { parent, jobId, job });
      return finish(parts, parent, made);
    },
    GetJob({ name }, caller) {
      jobOf(name);
      caller.need('run.jobs.get', name);
      return store.job(name);
    },
    ListJobs({ parent, ...paging }, caller) {
      locationOf(parent);
      caller.need('run.jobs.list', parent);
      const all = [...store.jobs.values()].filter(({ name }) => name.startsWith(`${parent}/jobs/`));
      const { items, nextPageToken } = page(all, paging);
      return { jobs: items, nextPageToken };
    },
    UpdateJob(
      { job, allowMissing, validateOnly }: { job: GivenJob; allowMissing?: boolean; validateOnly?: boolean },
      caller,
    ) {
      const { job: id } = jobOf(job?.name);
      caller.need('run.jobs.update', job.name);
      const parent = job.name.slice(0, job.name.indexOf('/jobs/'));
      if (allowMissing && !store.jobs.has(job.name)) caller.need('run.jobs.create', parent);
      const template = requireUsable(job, caller, platform);
      requireJobId(id);
      const known = allowMissing ? store.jobs.get(job.name) : store.job(job.name);
      if (known) requireEtag(job.name, job.etag, known.etag);
      const made = newJob(job.name, { ...job, template }, caller, platform, known);
      if (!validateOnly) store.jobs.set(job.name, made);
      audit.call('Jobs.UpdateJob', job.name, caller.account, { job });
      return finish(parts, parent, made);
    },
    /** Its executions go with it, and with them every exit code. */
    DeleteJob({ name, etag, validateOnly }, caller) {
      jobOf(name);
      caller.need('run.jobs.delete', name);
      const job = store.job(name);
      requireEtag(name, etag, job.etag);
      const operation = operations.open(name.slice(0, name.indexOf('/jobs/')), 'Job', job);
      if (!validateOnly) {
        for (const { execution, cancel } of store.executionsBelow(name)) {
          cancel.abort();
          store.executions.delete(execution.name);
        }
        store.jobs.delete(name);
      }
      audit.call('Jobs.DeleteJob', name, caller.account, { name });
      operation.end({ response: job });
      return operations.shown(operation.name);
    },
  };
}

/** Valid, and made of things that the caller may use: the account the job runs as, and its images. */
function requireUsable(job: GivenJob | null, caller: Caller, platform: Platform): Job['template'] {
  if (!job) throw new GrpcRefusal(status.INVALID_ARGUMENT, 'job: is required');
  requireValidJob(job);
  const task = job.template.template;
  const fallback = `${platform.projectNumber}-compute@developer.gserviceaccount.com`;
  const serviceAccount = task.serviceAccount || fallback;
  caller.need('iam.serviceAccounts.actAs', `projects/${platform.project}/serviceAccounts/${serviceAccount}`);
  for (const { image } of task.containers) {
    const repository = repositoryOf(image);
    if (repository) caller.need('artifactregistry.repositories.downloadArtifacts', repository);
  }
  return { ...job.template, template: { ...task, serviceAccount } };
}

/** `europe-west1-docker.pkg.dev/PROJECT/REPOSITORY/...`; who calls has to be able to read it since January 2025. */
function repositoryOf(image: string): string | undefined {
  const [, location, project, repository] = /^([a-z0-9-]+)-docker\.pkg\.dev\/([^/]+)\/([^/]+)\//.exec(image) ?? [];
  return location && `projects/${project}/locations/${location}/repositories/${repository}`;
}

function newJob(name: string, given: GivenJob, { account = '' }: Caller, { now }: Platform, known?: Job): Job {
  const at = timestamp(now());
  const generation = String(Number(known?.generation ?? 0) + 1);
  const { labels, annotations, template, client, launchStage } = given;
  const job: Job = {
    name,
    uid: known?.uid ?? randomUUID(),
    generation,
    observedGeneration: generation,
    labels,
    annotations,
    createTime: known?.createTime ?? at,
    updateTime: at,
    creator: known?.creator ?? account,
    lastModifier: account,
    ...(client && { client }),
    launchStage: launchStage && launchStage !== 'LAUNCH_STAGE_UNSPECIFIED' ? launchStage : 'GA',
    template,
    conditions: [],
    executionCount: known?.executionCount ?? 0,
    ...(known?.latestCreatedExecution && { latestCreatedExecution: known.latestCreatedExecution }),
    etag: `"${randomBytes(12).toString('base64url')}"`,
  };
  setReady(job, now(), { state: 'CONDITION_RECONCILING' });
  return job;
}

function setReady(job: Job, at: number, ready: Omit<Condition, 'type'>): void {
  setCondition(job, at, { type: 'Ready', ...ready });
  job.terminalCondition = job.conditions[0] as Condition;
  job.reconciling = ready.state === 'CONDITION_RECONCILING';
}

/** The job exists also when its image does not: only the operation, and its condition, say so. */
function finish({ operations, platform, close }: JobParts, parent: string, job: Job): object {
  const operation = operations.open(parent, 'Job', job);
  const becomeReady = () => {
    const lost = job.template.template.containers.find(({ image }) => !platform.images[image]);
    if (lost) {
      const why = missingImage(lost.image);
      setReady(job, platform.now(), { state: 'CONDITION_FAILED', severity: 'ERROR', ...why });
      operation.end({ error: { code: status.NOT_FOUND, message: why.message } });
    } else {
      setReady(job, platform.now(), { state: 'CONDITION_SUCCEEDED' });
      operation.end({ response: job });
    }
  };
  if (platform.jobReadyMs === 0) becomeReady();
  else {
    const timer = setTimeout(becomeReady, platform.jobReadyMs);
    close.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }
  return operations.shown(operation.name);
}
