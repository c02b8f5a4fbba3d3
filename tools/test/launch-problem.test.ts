import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';

const { LaunchProblem, asLaunchProblem } = createRequire(import.meta.url)('../launch/launch-problem.cjs') as {
  LaunchProblem: new (message: string) => Error;
  asLaunchProblem: (error: Error, root: string) => Error;
};

test.each([
  ['EACCES', 'this checkout may not be written by you: /repo (/repo/.cache).'],
  ['EROFS', 'this checkout lies on a read-only disk: /repo (/repo/.cache).'],
  ['ENOSPC', 'this checkout lies on a disk that is full: /repo (/repo/.cache).'],
])('%s is told in one sentence', (code, message) => {
  const refused = Object.assign(new Error('mkdir failed'), { code, path: '/repo/.cache' });
  const problem = asLaunchProblem(refused, '/repo');
  expect(problem).toBeInstanceOf(LaunchProblem);
  expect(problem.message).toBe(message);
});

test('an error that is ours keeps its stack', () => {
  const error = new TypeError('x is not a function');
  expect(asLaunchProblem(error, '/repo')).toBe(error);
});
