import { status } from '@grpc/grpc-js';
import { GrpcRefusal } from '../grpc-server.ts';
import type { ExecutionRecord } from './execution-course.ts';
import type { Job } from './wire.ts';

/** The jobs and executions that exist. */
export class CloudRunStore {
  readonly jobs = new Map<string, Job>();
  readonly executions = new Map<string, ExecutionRecord>();

  job(name: string): Job {
    return this.jobs.get(name) ?? notFound('Job', name);
  }

  execution(name: string): ExecutionRecord {
    return this.executions.get(name) ?? notFound('Execution', name);
  }

  /** Those below a job, or below all jobs of the location with `-` for the job; the newest first. */
  executionsBelow(parent: string): ExecutionRecord[] {
    const below = parent.endsWith('/jobs/-') ? parent.slice(0, -1) : `${parent}/executions/`;
    return [...this.executions.values()].filter(({ execution }) => execution.name.startsWith(below)).toReversed();
  }

  runningIn(location: string): number {
    return [...this.executions.values()].filter(
      ({ execution }) => execution.name.startsWith(`${location}/`) && !execution.completionTime,
    ).length;
  }

  /** Forgets the oldest completed executions of a job, so that `kept` are left. */
  forgetOldest(job: string, kept: number): void {
    const completed = this.executionsBelow(job).filter(({ execution }) => execution.completionTime);
    for (const { execution } of completed.slice(kept)) this.executions.delete(execution.name);
  }
}

/** ABORTED when somebody has changed it in between. An empty etag asks nothing. */
export function requireEtag(name: string, etag: string | undefined, current: string): void {
  if (!etag || etag === current) return;
  const what = `Conflict for resource '${name}': version '${etag}' was specified but current version is '${current}'.`;
  throw new GrpcRefusal(status.ABORTED, what);
}

function notFound(kind: string, name: string): never {
  throw new GrpcRefusal(
    status.NOT_FOUND,
    `Resource '${name.split('/').at(-1)}' of kind '${kind.toUpperCase()}' in region '${name.split('/')[3]}' in project '${name.split('/')[1]}' does not exist.`,
  );
}
