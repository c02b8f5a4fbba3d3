import { expect, test } from '@jest/globals';
import type { ExecutionBody } from '@runvoy/protocol';
import { displayWidth } from '../src/display-width.ts';
import { executionTable } from '../src/execution-table.ts';

const now = new Date(2030, 0, 2, 12, 0).getTime();
const iso = (ms: number) => new Date(ms).toISOString();

const execution = (more: Partial<ExecutionBody> = {}): ExecutionBody => ({
  execution_id: '3f9a0c7d52e14b86a1c0d94e7f2b6835',
  created_by: 'somebody@some-company.example',
  owned_by: [],
  command: 'for i in 1 2 3; do echo "line $i"; sleep 1; done',
  image_id: 'host',
  started_at: iso(now - 3_540_000),
  completed_at: iso(now - 3_536_400),
  duration_seconds: 4,
  status: 'SUCCEEDED',
  exit_code: 0,
  created_by_request_id: '',
  modified_by_request_id: '',
  cloud: 'local',
  isolation: 'process',
  ...more,
});

const runs = [
  execution(),
  execution({ status: 'FAILED', reason: 'image_pull', started_at: iso(now - 3 * 86_400_000), duration_seconds: 3_599 }),
  execution({
    status: 'TERMINATING',
    waiting_for: 'stop_confirmation',
    reason_text: 'waiting until nothing of it lives',
  }),
];

test.each([200, 140, 120, 100, 80, 60, 50])('on %d columns no line wraps, and every id is whole', (columns) => {
  const lines = executionTable(runs, { columns, nowMs: now });
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
  for (const line of lines.slice(1)) expect(line).toContain('3f9a0c7d52e14b86a1c0d94e7f2b6835');
});

test('the command is cut first, then the time is shortened, then the user goes', () => {
  const [one] = runs;
  const first = (columns: number) => executionTable([one!], { columns, nowMs: now })[1];
  expect(first(130)).toMatch(/for i in .*… +somebody@.* 59 min ago +4 s$/);
  expect(first(108)).toMatch(/for i in .*… +somebody@.* 11:01 +4 s$/);
  expect(first(80)).toMatch(/^\w{32} {2}SUCCEEDED {2}for i in .*… {2}11:01 +4 s$/);
});

test('to a pipe everything is there', () => {
  const [, line] = executionTable(runs);
  expect(line).toContain('for i in 1 2 3; do echo "line $i"; sleep 1; done  somebody@some-company.example');
  expect(line).toMatch(/\dZ +4 s$/);
});

test('what a run waits for is told in words', () => {
  expect(executionTable(runs)[3]).toContain('TERMINATING (waiting until nothing of it lives)');
});
