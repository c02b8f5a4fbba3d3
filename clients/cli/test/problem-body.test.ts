import { expect, test } from '@jest/globals';
import { ApiProblem, Unreachable } from '../src/api-problem.ts';
import { problemBody } from '../src/problem-body.ts';
import { Problem, usageProblem } from '../src/problem.ts';

const refused = new ApiProblem(
  422,
  JSON.stringify({ error: 'Unprocessable', code: 'UNPROCESSABLE', details: 'too long', request_id: 'r1' }),
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
  [new Unreachable('http://127.0.0.1:9', new Error('refused')), 'UNREACHABLE'],
  [new TypeError('a\nfault'), 'UNEXPECTED'],
])('%s has the code %s and one line', (problem, code) => {
  const { error } = problemBody(problem);
  expect(error.code).toBe(code);
  expect(error.message).not.toContain('\n');
});
