import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openConsoleDoor } from '../emulated/console-door.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'runvoy-console-'));
  writeFileSync(join(root, 'index.html'), '<title>runvoy</title>');
});
afterEach(() => rmSync(root, { recursive: true }));

test('a console of its own address serves its pages, and hands requests for the API on with their body', async () => {
  const api = createServer((request, response) => {
    request.pipe(response.writeHead(202, { 'x-path': request.url }));
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  const door = await openConsoleDoor(root, `http://127.0.0.1:${(api.address() as AddressInfo).port}`);
  try {
    for (const page of ['/', '/logs?execution_id=1'])
      expect(await (await fetch(door.url + page)).text()).toContain('runvoy');
    const answer = await fetch(`${door.url}/api/v1/run?x=1`, { method: 'POST', body: 'a body' });
    expect([answer.status, answer.headers.get('x-path'), await answer.text()]).toEqual([
      202,
      '/api/v1/run?x=1',
      'a body',
    ]);
    expect((await fetch(`${door.url}/runner/v1/executions/1/bootstrap`)).status).toBe(404);
  } finally {
    await door.stop();
    api.close();
  }
});

test('an API that cannot be reached is 502, and the pages are served all the same', async () => {
  const door = await openConsoleDoor(root, 'http://127.0.0.1:9');
  try {
    expect((await fetch(`${door.url}/api/v1/health`)).status).toBe(502);
    expect((await fetch(door.url)).status).toBe(200);
  } finally {
    await door.stop();
  }
});
