import { randomUUID } from 'node:crypto';
import type { LogEntry } from '../log-entry.ts';
import { knativeExecution } from './knative-execution.ts';
import { executionOf } from './names.ts';
import type { Execution } from './wire.ts';

type Status = { code?: number; message?: string };

/** The entries of Cloud Audit Logs that Cloud Run writes about jobs. */
export class AuditLog {
  readonly #write: (entry: LogEntry) => void;
  readonly #now: () => number;
  readonly #projectNumber: string;
  constructor(write: (entry: LogEntry) => void, now: () => number, projectNumber: string) {
    this.#write = write;
    this.#now = now;
    this.#projectNumber = projectNumber;
  }

  /** A call of the API that changes something (admin activity): who called what, with the whole request. */
  call(method: string, resourceName: string, account: string | undefined, request: object, status: Status = {}): void {
    const [, project = '', , location = '', , job = ''] = resourceName.split('/');
    this.#write(
      this.#entry('activity', { project, location, job }, status.code ? 'ERROR' : 'NOTICE', {
        methodName: `google.cloud.run.v2.${method}`,
        resourceName,
        authenticationInfo: { principalEmail: account },
        request: {
          '@type': `type.googleapis.com/google.cloud.run.v2.${method.split('.')[1]}Request`,
          ...asJson(request),
        },
        status,
      }),
    );
  }

  /** How an execution ended: what Eventarc calls a completion (gcp.md 2.2). */
  completion(execution: Execution, status: Status): LogEntry {
    const { project, location, job, execution: name } = executionOf(execution.name);
    return this.#entry('system_event', { project, location, job }, status.code ? 'ERROR' : 'INFO', {
      methodName: '/Jobs.RunJob',
      resourceName: `namespaces/${project}/executions/${name}`,
      status,
      response: knativeExecution(execution, this.#projectNumber),
    });
  }

  /** The end of a cancel: it carries code 2 although it worked (recorded, gcp.md 2.2). */
  cancelled(execution: Execution, account: string | undefined): void {
    const { project, location, job, execution: name } = executionOf(execution.name);
    this.#write(
      this.#entry('activity', { project, location, job }, 'ERROR', {
        methodName: 'google.cloud.run.v1.Executions.CancelExecution',
        resourceName: `namespaces/${project}/executions/${name}`,
        authenticationInfo: { principalEmail: account },
        status: { code: 2 },
        response: knativeExecution(execution, this.#projectNumber),
      }),
    );
  }

  #entry(
    log: 'activity' | 'system_event',
    { project, location, job }: { project: string; location: string; job: string },
    severity: string,
    payload: Record<string, unknown>,
  ): LogEntry {
    const timestamp = new Date(this.#now()).toISOString();
    return {
      logName: `projects/${project}/logs/cloudaudit.googleapis.com%2F${log}`,
      resource: { type: 'cloud_run_job', labels: { project_id: project, location, job_name: job } },
      insertId: randomUUID().replaceAll('-', '').slice(0, 16),
      timestamp,
      receiveTimestamp: timestamp,
      severity,
      protoPayload: {
        '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
        serviceName: 'run.googleapis.com',
        ...payload,
      },
    };
  }
}

/** What proto-loader adds to say which member of a oneof is set; the wire knows nothing of them. */
const ONEOFS = new Set(['retries', 'values', 'volumeType', 'probeType', 'createExecution']);

/** Without what was not set, as JSON of a proto is written. */
function asJson(request: object): object {
  const isEmpty = (value: unknown) =>
    value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
  const kept = (name: string, value: unknown) => (isEmpty(value) || ONEOFS.has(name) ? undefined : value);
  return JSON.parse(JSON.stringify(request, kept)) as object;
}
