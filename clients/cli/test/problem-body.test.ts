import { expect, test } from '@jest/globals';
import { errorOf, unreachable } from '@runvoy/sdk/client';
import { problemBody } from '../src/problem-body.ts';
import { Problem, usageProblem } from '../src/problem.ts';

const refused = errorOf(
  {
    status: 422,
    text: JSON.stringify({ error: 'Unprocessable', code: 'UNPROCESSABLE', details: 'too long', request_id: 'r1' }),
  },
  0,
);

test('an answer of the server keeps its status, its code and its request', () => {
  const error = { status: 422, code: 'UNPROCESSABLE', message: 'Unprocessable: too long', request_id: 'r1' };
  expect(problemBody(refused)).toEqual({ error });
});

test('a problem that an answer caused says both', () => {
  const error = { status: 422, code: 'UNPROCESSABLE', message: 'The run may go on', request_id: 'r1' };
  expect(problemBody(new Problem('The run may go on', { cause: refused }))).toEqual({ error });
});

test.each([
  [usageProblem('what?'), 'USAGE'],
  [new Problem('no'), 'FAILED'],
  [unreachable('http://127.0.0.1:9', new Error('refused')), 'UNREACHABLE'],
  [new TypeError('a\nfault'), 'UNEXPECTED'],
])('%s has the code %s and one line', (problem, code) => {
  const { error } = problemBody(problem);
  expect(error.code).toBe(code);
  expect(error.message).not.toContain('\n');
});
