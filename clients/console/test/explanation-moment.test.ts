import { expect, test } from '@jest/globals';
import type { ExecutionStatusBody } from '@runvoy/protocol';
import { explanationMoment } from '../src/explanation-moment.ts';

const run: ExecutionStatusBody = {
  execution_id: 'a',
  status: 'RUNNING',
  command: 'x',
  image_id: 'host',
  isolation: 'process',
  started_at: '2030-01-01T00:00:00.000Z',
  exit_code: null,
};

test.each<[string, Partial<ExecutionStatusBody>]>([
  ['its status', { status: 'TERMINATING' }],
  ['what it waits for', { waiting_for: 'git_clone' }],
  ['its place in the queue', { queue: { place: 2, waiting: 3 } }],
  ['a step of its stop', { cancel: { requested: 'a' } }],
])('a run is explained anew when %s changes', (_, change) => {
  expect(explanationMoment({ ...run, ...change })).not.toBe(explanationMoment(run));
});

test('a run of which only figures change is not asked about again', () => {
  expect(explanationMoment({ ...run, duration_ms: 5, exit_code: 3 })).toBe(explanationMoment(run));
});
