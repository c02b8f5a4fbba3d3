import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readConfigFile, saveServer } from '../src/config-file.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runvoy-cli-'));
  path = join(folder, '.runvoy', 'config.yaml');
});
afterEach(() => rm(folder, { recursive: true }));

test('a file that is not there is empty, and is created for its owner alone', async () => {
  expect(await readConfigFile(path)).toEqual({ path, profiles: {} });
  await saveServer(path, undefined, { api_endpoint: 'http://a', api_key: 'k' });
  expect(await readConfigFile(path)).toMatchObject({ api_endpoint: 'http://a', api_key: 'k' });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, '.runvoy'))).mode & 0o027).toBe(0);
});

test('saving keeps comments, other fields and other profiles', async () => {
  await saveServer(path, undefined, { api_endpoint: 'http://a', api_key: 'k' });
  await writeFile(
    path,
    '# mine\napi_endpoint: http://a # here\nweb_url: http://w\nextra: 1\nprofiles:\n  b: { api_key: kb }\n',
  );
  await saveServer(path, 'c', { api_endpoint: 'http://c', api_key: 'kc' });
  const text = await readFile(path, 'utf8');
  expect(text).toContain('# mine');
  expect(text).toContain('# here');
  expect(text).toContain('extra: 1');
  const file = await readConfigFile(path);
  expect(file).toMatchObject({ api_endpoint: 'http://a', web_url: 'http://w' });
  expect(file.profiles).toEqual({ b: { api_key: 'kb' }, c: { api_endpoint: 'http://c', api_key: 'kc' } });
});

test.each([
  ['api_endpoint: [1', 'line'],
  ['just words', 'must hold'],
  ['api_endpoint: 7', 'api_endpoint must be text'],
  ['api_endpoint: nowhere', 'api_endpoint must be an address'],
  ['profiles: []', 'profiles must hold'],
  ['profiles: { x: { web_url: y } }', 'profiles.x.web_url'],
])('a file with "%s" is one line with its name and the fault', async (content, fault) => {
  await saveServer(path, undefined, { api_key: 'k' });
  await writeFile(path, `${content}\n`);
  const message = await readConfigFile(path).then(String, (error: Error) => error.message);
  expect(message).toContain(path);
  expect(message).toContain(fault);
  expect(message).not.toContain('\n');
});
