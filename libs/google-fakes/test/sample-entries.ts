import type { LogEntry } from '@runvoy/google-fakes';

/** A line that a container of an execution printed. */
export function printedEntry(change: Partial<LogEntry> = {}): LogEntry {
  return {
    logName: 'projects/p/logs/run.googleapis.com%2Fstdout',
    resource: {
      type: 'cloud_run_job',
      labels: { project_id: 'p', location: 'europe-west1', job_name: 'rv-abc' },
    },
    insertId: 'i1',
    timestamp: '2026-11-28T10:00:00.123456Z',
    receiveTimestamp: '2026-11-28T10:00:01Z',
    labels: { 'run.googleapis.com/execution_name': 'rv-abc-x7k2p' },
    textPayload: 'hello',
    ...change,
  };
}

/** The entry by which Google Cloud tells that an execution is over. */
export function completionEntry(change: Partial<LogEntry> = {}): LogEntry {
  const { textPayload: _, ...entry } = printedEntry();
  return {
    ...entry,
    logName: 'projects/p/logs/cloudaudit.googleapis.com%2Fsystem_event',
    insertId: 'c1',
    severity: 'INFO',
    protoPayload: {
      serviceName: 'run.googleapis.com',
      methodName: '/Jobs.RunJob',
      resourceName: 'namespaces/p/executions/rv-abc-x7k2p',
      response: { status: { succeededCount: 1.5 } },
    },
    ...change,
  };
}
