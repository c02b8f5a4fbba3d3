import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  ConfigProblems,
  flag,
  integer,
  list,
  oneOf,
  optionalInteger,
  optionalJson,
  readConfig,
  text,
} from '../src/index.ts';

const TABLE = {
  project: ['X_PROJECT', text({ example: 'my-project' })],
  port: ['X_PORT', integer({ fallback: 8080, min: 0, max: 65_535 })],
  level: ['X_LEVEL', oneOf(['debug', 'info'], 'info')],
  loud: ['X_LOUD', flag(false)],
  hosts: ['X_HOSTS', list],
  limit: ['X_LIMIT', optionalInteger({ min: 1, max: 10 })],
} as const;

describe('reading configuration', () => {
  test('fills in fallbacks and reads what is set', () => {
    expect(readConfig({ X_PROJECT: 'p', X_HOSTS: 'a, b,,', X_LEVEL: 'DEBUG' }, TABLE)).toEqual({
      project: 'p',
      port: 8080,
      level: 'debug',
      loud: false,
      hosts: ['a', 'b'],
      limit: undefined,
    });
  });

  test('names every wrong variable at once, with what was received', () => {
    const read = () => readConfig({ X_PORT: 'http', X_LEVEL: 'loud', X_LOUD: 'yes', X_LIMIT: '11' }, TABLE);
    expect(read).toThrow(ConfigProblems);
    let problems: readonly string[] = [];
    try {
      read();
    } catch (error) {
      problems = (error as ConfigProblems).problems;
    }
    expect(problems).toEqual([
      'X_PROJECT is not set. Example: X_PROJECT=my-project',
      'X_PORT must be a whole number between 0 and 65535; got "http".',
      'X_LEVEL must be one of debug, info; got "loud".',
      'X_LOUD must be true or false; got "yes".',
      'X_LIMIT must be a whole number between 1 and 10; got "11".',
    ]);
  });

  test('names what is wrong together beside what is wrong by itself, from what could be read', () => {
    const read = () =>
      readConfig({ X_PROJECT: 'p', X_PORT: 'http', X_LIMIT: '9' }, TABLE, ({ project, port, limit }) => [
        `${project} ${port} ${limit}`,
      ]);
    expect(read).toThrow(/^X_PORT must be .*\np undefined 9$/);
  });

  test('takes a variable set to nothing as not set', () => {
    expect(readConfig({ X_PROJECT: 'p', X_PORT: '' }, TABLE).port).toBe(8080);
  });
});

describe('JSON, given as it is or in a file', () => {
  const field = optionalJson((given) =>
    typeof given === 'object' && given !== null && 'a' in given
      ? { value: given.a }
      : { problems: ['needs "a"', 'is wrong'] },
  );

  test('is read either way, and absent when not set', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'runvoy-json-')), 'a.json');
    writeFileSync(path, '{"a":2}');
    expect(field('X', '{"a":1}')).toEqual({ value: 1 });
    expect(field('X', path)).toEqual({ value: 2 });
    expect(field('X', undefined)).toEqual({ value: undefined });
    rmSync(dirname(path), { recursive: true });
  });

  test('that is wrong is refused with every problem, naming the variable', () => {
    expect(field('X', '{}')).toEqual({ problem: 'X needs "a".\nX is wrong.' });
    expect(field('X', '{')).toEqual({ problem: expect.stringMatching(/^X could not be read as JSON: /) });
    expect(field('X', '/no/file')).toEqual({
      problem: expect.stringMatching(/^X could not be read as JSON in \/no\/file: ENOENT/),
    });
  });
});
