import { expect, test } from '@jest/globals';
import { Options } from '../src/options.ts';
import { readRunRequest } from '../src/run-request.ts';

const read = (given: Record<string, string | string[]>, words: string[], env: NodeJS.ProcessEnv = {}) =>
  readRunRequest({ options: new Options(given), words, env });

test('what is not given is not sent', () => {
  expect(read({}, ['ls', '-la'])).toEqual({ command: 'ls -la' });
});

test('options become the fields of the API', () => {
  const given = {
    image: 'alpine',
    'git-repo': 'https://x/y',
    'git-ref': 'v1',
    'git-path': 'sub',
    secret: ['a,b', 'a', 'c'],
    timeout: '5m',
    grace: '3',
    isolation: 'process',
    network: 'none',
  };
  expect(read(given, ['ls'])).toEqual({
    command: 'ls',
    image: 'alpine',
    git_repo: 'https://x/y',
    git_ref: 'v1',
    git_path: 'sub',
    secrets: ['a', 'b', 'c'],
    timeout: 300,
    grace: 3,
    isolation: 'process',
    network: 'none',
  });
});

test('the environment is what RUNVOY_USER_ names, overlaid by -e', () => {
  const env = { RUNVOY_USER_A: '1', RUNVOY_USER_B: '2', RUNVOY_USER_: 'x', C: '3', D: '4' };
  expect(read({ env: ['B=two=2', 'C', 'E='] }, ['ls'], env).env).toEqual({ A: '1', B: 'two=2', C: '3', E: '' });
});

test.each<[string, Record<string, string | string[]>, string[]]>([
  ['There is no command', {}, [' ']],
  ['--network is none or default; got "lan"', { network: 'lan' }, ['ls']],
  ['--isolation is container', { isolation: 'none' }, ['ls']],
  ['there is no NOPE in your environment', { env: ['NOPE'] }, ['ls']],
  ['--env takes NAME=VALUE', { env: ['=x'] }, ['ls']],
  ['--env: "1A" is no name a shell can read', { env: ['1A=b'] }, ['ls']],
  ['names match [A-Za-z_][A-Za-z0-9_]*', { env: ['A B=c'] }, ['ls']],
  ['--timeout takes a time such as 30s, 5m, 1h or plain seconds; got "-5"', { timeout: '-5' }, ['ls']],
  ['--secret needs a name', { secret: ['a,'] }, ['ls']],
])('%s', (message, given, words) => {
  expect(() => read(given, words)).toThrow(message);
});

test('a forwarded name that no shell can read is refused by its own name', () => {
  expect(() => read({}, ['ls'], { RUNVOY_USER_1A: 'x' })).toThrow('RUNVOY_USER_1A: "1A" is no name');
});
