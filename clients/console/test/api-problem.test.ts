import { expect, test } from '@jest/globals';
import { errorOf, unreachable } from '@runvoy/sdk/client';
import { problemOf } from '../src/api-problem.ts';

test.each([
  [401, 'unauthorized', false],
  [403, 'forbidden', false],
  [404, 'not_found', false],
  [409, 'conflict', false],
  [422, 'refused', true],
  [500, 'broken', true],
  [503, 'broken', true],
] as const)('%d is %s', (status, kind, mayPass) => {
  expect(problemOf(errorOf({ status, text: '' }, 0))).toMatchObject({ kind, mayPass });
});

test('what the server said is passed on, with the request to name when asking for help', () => {
  const text = JSON.stringify({ error: 'failed to list executions', details: 'disk full', request_id: 'r1' });
  const problem = problemOf(errorOf({ status: 500, text }, 0));
  expect(problem.message).toBe('The server failed (500, failed to list executions: disk full). Request r1.');
});

test('no answer says how to start the server', () => {
  expect(problemOf(unreachable('', new Error('refused'))).message).toContain('npm start');
});
