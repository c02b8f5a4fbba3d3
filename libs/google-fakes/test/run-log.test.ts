import { expect, test } from '@jest/globals';
import type { LogEntry } from '@runvoy/google-fakes';
import { RunLog } from '../src/cloud-run/run-log.ts';

const EXECUTION = 'run.googleapis.com/execution_name';
const source = { project: 'p', location: 'l', job: 'rv-a', execution: 'rv-a-bcdfg', jobLabels: { 'managed-by': 'x' } };
const container = { name: 'runner', taskIndex: 0, attempt: 0, instanceId: 'i' };

function entryOf(line: string, outputLabelsWin: boolean): LogEntry | undefined {
  const entries: LogEntry[] = [];
  new RunLog((entry) => entries.push(entry), { now: () => 0, outputLabelsWin }).line(source, container, 'stderr', line);
  return entries[0];
}

test('a line says whose it is: log, resource, execution, task, container and the labels of the job', () => {
  expect(entryOf('hello', false)).toMatchObject({
    logName: 'projects/p/logs/run.googleapis.com%2Fstderr',
    resource: { type: 'cloud_run_job', labels: { project_id: 'p', location: 'l', job_name: 'rv-a' } },
    timestamp: '1970-01-01T00:00:00.000Z',
    textPayload: 'hello',
    labels: {
      [EXECUTION]: 'rv-a-bcdfg',
      'run.googleapis.com/task_index': '0',
      'run.googleapis.com/task_attempt': '0',
      container_name: 'runner',
      'managed-by': 'x',
    },
  });
});

test('labels in the output are added, and replace those of the platform only where that was chosen', () => {
  const forged = JSON.stringify({ a: 1, 'logging.googleapis.com/labels': { [EXECUTION]: 'other', own: 'y' } });
  expect(entryOf(forged, false)?.labels).toMatchObject({ [EXECUTION]: 'rv-a-bcdfg', own: 'y' });
  expect(entryOf(forged, true)?.labels).toMatchObject({ [EXECUTION]: 'other', own: 'y' });
});
