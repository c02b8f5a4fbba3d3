import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { FakeServer } from '../contracts/index.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const example = /```ts\n([\s\S]*?)```/.exec(README)?.[1] ?? '';
const here = fileURLToPath(new URL('..', import.meta.url));

test('the example of the README runs a command and prints its proven log', async () => {
  await using server = await FakeServer.open();
  const running = promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', example], {
    cwd: here,
    env: { RUNVOY_API_ENDPOINT: server.url, RUNVOY_API_KEY: 'k' },
  });
  await server.until(() => server.saw('UPGRADE', '/stream'));
  server.write('hello');
  server.end('SUCCEEDED', 0);
  expect((await running).stdout).toBe('hello\nSUCCEEDED, log verified\n');
  expect(server.requests[0]).toMatchObject({ method: 'POST', path: '/run', headers: { 'x-api-key': 'k' } });
});
