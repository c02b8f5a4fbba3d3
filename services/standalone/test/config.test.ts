import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { DEPLOYMENT_LIMITS } from '@runvoy/core';
import { readStandaloneConfig, STANDALONE_CONFIG } from '../src/config.ts';

test('docs/config.md lists exactly the variables of the standalone server', () => {
  const docs = readFileSync(new URL('../../../docs/config.md', import.meta.url), 'utf8');
  const section = docs.slice(0, docs.indexOf('## Google Cloud'));
  const listed = [...section.matchAll(/^\| `(RUNVOY_\w+)`/gm)].map((match) => match[1]);
  expect(listed.toSorted()).toEqual(
    Object.values(STANDALONE_CONFIG)
      .map(([name]) => name)
      .toSorted(),
  );
});

test('docs/config.md says what limits, timeouts and rates are where nothing is set', () => {
  const docs = readFileSync(new URL('../../../docs/config.md', import.meta.url), 'utf8');
  const said = Object.keys(DEPLOYMENT_LIMITS).map((key) => {
    const [variable, read] = STANDALONE_CONFIG[key as keyof typeof DEPLOYMENT_LIMITS];
    const row = docs.split('\n').find((line) => line.startsWith(`| \`${variable}\``));
    return [variable, row?.split('|')[2]?.trim(), read(variable, undefined)];
  });
  expect(said).toEqual(said.map(([variable, , read]) => [variable, String((read as { value: number }).value), read]));
});

test('flags win over variables, and runvoy’s own name for the port over ours', () => {
  const env = { RUNVOY_PORT: '1', RUNVOY_DEV_SERVER_PORT: '2', RUNVOY_DATA_DIR: '/a' };
  expect(readStandaloneConfig([], env)).toMatchObject({ port: 2, isPortChosen: true, dataDir: '/a' });
  expect(readStandaloneConfig(['--port', '3', '--data-dir', '/b'], env)).toMatchObject({ port: 3, dataDir: '/b' });
});

test('a default timeout above the longest one, and an admin without an address, are both named', () => {
  const env = {
    RUNVOY_TIMEOUT_DEFAULT_SECONDS: '100',
    RUNVOY_TIMEOUT_MAX_SECONDS: '10',
    RUNVOY_ADMIN_EMAIL: 'foo',
  };
  expect(() => readStandaloneConfig([], env)).toThrow(/RUNVOY_TIMEOUT_DEFAULT_SECONDS \(100\)[^]*RUNVOY_ADMIN_EMAIL/);
});

test('the usual port may be moved, because nobody chose it', () => {
  expect(readStandaloneConfig([], {})).toMatchObject({ port: 56_212, isPortChosen: false, host: '127.0.0.1' });
});
