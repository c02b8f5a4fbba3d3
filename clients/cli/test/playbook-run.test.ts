import { describe, expect, test } from '@jest/globals';
import { Options } from '../src/options.ts';
import { localRun, serverRun } from '../src/playbook-run.ts';
import { readMoment } from '../src/read-moment.ts';

const asked = (given: Record<string, string | string[]> = {}, env: NodeJS.ProcessEnv = {}) => ({
  options: new Options(given),
  env,
});
const FILE = {
  name: 'deploy',
  path: '.runvoy/deploy.yml',
  definition: {
    description: 'deploys',
    commands: ['a', 'b c'],
    image: 'alpine:3',
    env: { A: 'file', B: 'file', C: 'file' },
    secrets: ['one', 'two'],
    git_ref: 'main',
    labels: { env: 'test', kind: 'deploy' },
  },
};

describe('a run of a local playbook', () => {
  test('is what the file says', () => {
    expect(localRun(FILE, asked())).toEqual({
      command: 'a &&\nb c',
      image: 'alpine:3',
      env: FILE.definition.env,
      secrets: ['one', 'two'],
      git_ref: 'main',
      labels: FILE.definition.labels,
    });
    expect(localRun({ ...FILE, definition: { commands: ['x'] } }, asked())).toEqual({ command: 'x' });
  });

  test('has options in place of what the file says, and env, secrets and labels on top', () => {
    const given = { image: 'node:24', 'git-ref': 'v1', env: ['B=option'], secret: ['two,three'], label: ['env=prod'] };
    expect(localRun(FILE, asked(given, { RUNVOY_USER_A: 'forwarded' }))).toEqual({
      command: 'a &&\nb c',
      image: 'node:24',
      env: { A: 'forwarded', B: 'option', C: 'file' },
      secrets: ['one', 'two', 'three'],
      git_ref: 'v1',
      labels: { env: 'prod', kind: 'deploy' },
    });
  });

  test.each([
    ['parameters on the command line', FILE, { param: ['a=b'] }],
    ['parameters in the file', { ...FILE, definition: { commands: ['x'], parameters: [] } }, {}],
  ])('with %s is sent to the server', (_, file, given) => {
    expect(() => localRun(file, asked(given))).toThrow('"runvoy playbook create deploy" makes one of it, --server');
  });
});

describe('a run of a playbook of the server', () => {
  test('has nothing that was not given', () => {
    expect(serverRun(asked())).toEqual({});
  });

  test('has its version, its values as text, and the options of any run', () => {
    const given = { version: '2', param: ['target=prod', 'note=a=b', 'empty='], label: ['x=y'], timeout: '1m' };
    expect(serverRun(asked(given))).toEqual({
      version: 2,
      parameters: { target: 'prod', note: 'a=b', empty: '' },
      labels: { x: 'y' },
      timeout: 60,
    });
  });

  test.each<[string, Record<string, string | string[]>]>([
    ['--version takes a number from 1; got "0"', { version: '0' }],
    ['--version takes a number from 1; got "newest"', { version: 'newest' }],
    ['--param takes name=value; got "target"', { param: ['target'] }],
    ['--param takes name=value; got "=x"', { param: ['=x'] }],
    ['--label takes name=value; got "env"', { label: ['env'] }],
  ])('%s', (message, given) => {
    expect(() => serverRun(asked(given))).toThrow(message);
  });
});

describe('a moment', () => {
  const NOW = Date.parse('2026-01-31T12:00:00Z');
  test.each([
    ['2h', '2026-01-31T10:00:00.000Z'],
    ['1h30m', '2026-01-31T10:30:00.000Z'],
    ['2026-01-30', '2026-01-30T00:00:00.000Z'],
    ['2026-01-30T08:00:00+02:00', '2026-01-30T06:00:00.000Z'],
  ])('%s is %s', (text, moment) => {
    expect(readMoment(text, '--since', NOW)).toBe(moment);
  });

  test.each(['yesterday', '2026-13-01', '5', '', '2h ago'])('is not %j', (text) => {
    expect(() => readMoment(text, '--since', NOW)).toThrow('--since takes a time such as');
  });
});
