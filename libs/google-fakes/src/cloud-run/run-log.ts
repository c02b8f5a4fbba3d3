import { randomUUID } from 'node:crypto';
import type { LogEntry } from '../log-entry.ts';
import { payloadsOf } from './container-output.ts';
import type { Platform } from './platform.ts';

/** Which execution of which job speaks. */
export type LogSource = {
  project: string;
  location: string;
  job: string;
  execution: string;
  jobLabels: Readonly<Record<string, string>>;
};

/** Which container of which task attempt of it. */
export type LogContainer = { name: string; taskIndex: number; attempt: number; instanceId: string };

/** What Cloud Run writes to Cloud Logging about its jobs, apart from the audit log. */
export class RunLog {
  readonly #write: (entry: LogEntry) => void;
  readonly #platform: Pick<Platform, 'now' | 'outputLabelsWin'>;
  constructor(write: (entry: LogEntry) => void, platform: Pick<Platform, 'now' | 'outputLabelsWin'>) {
    this.#write = write;
    this.#platform = platform;
  }

  /** One line of a container's output. */
  line(source: LogSource, container: LogContainer, stream: 'stdout' | 'stderr', line: string): void {
    for (const payload of payloadsOf(line, randomUUID())) {
      const entry = this.#entry(source, stream, labelsOf(source, container));
      const labels = this.#platform.outputLabelsWin
        ? { ...entry.labels, ...payload.labels }
        : { ...payload.labels, ...entry.labels };
      this.#write({ ...entry, ...payload, labels });
    }
  }

  /** A line of the platform itself, as "Container called exit(1)." */
  system(source: LogSource, container: LogContainer, severity: string, textPayload: string): void {
    const entry = this.#entry(source, 'varlog/system', labelsOf(source, container));
    this.#write({ ...entry, severity, textPayload });
  }

  #entry({ project, location, job }: LogSource, log: string, labels: Record<string, string>): LogEntry {
    const timestamp = new Date(this.#platform.now()).toISOString();
    return {
      logName: `projects/${project}/logs/run.googleapis.com%2F${encodeURIComponent(log)}`,
      resource: { type: 'cloud_run_job', labels: { project_id: project, location, job_name: job } },
      insertId: randomUUID().replaceAll('-', '').slice(0, 24),
      timestamp,
      receiveTimestamp: timestamp,
      labels,
    };
  }
}

function labelsOf(source: LogSource, container: LogContainer): Record<string, string> {
  return {
    ...source.jobLabels,
    'run.googleapis.com/execution_name': source.execution,
    'run.googleapis.com/task_index': String(container.taskIndex),
    'run.googleapis.com/task_attempt': String(container.attempt),
    container_name: container.name,
    instanceId: container.instanceId,
  };
}
