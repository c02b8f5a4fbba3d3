import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { newLogger } from '@runvoy/runtime';
import { loggedLines } from '../src/logged-lines.ts';

const ID = 'a'.repeat(32);
const newPath = () => join(mkdtempSync(join(tmpdir(), 'runvoy-log-')), 'server.log');

function linesOf(...entries: readonly [requestId: string, error?: Error][]): string {
  let text = '';
  const logger = newLogger('debug', (line) => (text += line), { now: () => 7_000 });
  for (const [request_id, error] of entries) logger.error('GET /x failed', { request_id, error });
  return text;
}

test('lines of a request are read back from both files, with what the error and its cause say and no stack', async () => {
  const path = newPath();
  writeFileSync(`${path}.1`, linesOf([ID], ['b'.repeat(32)]));
  const error = new Error('the store is away', { cause: new Error('disk full') });
  writeFileSync(path, `{"cut${ID}\n${linesOf([ID, error])}`);
  expect(await loggedLines(path, ID)).toEqual([
    { event_id: 'log-0000', timestamp: 7_000, message: 'ERROR GET /x failed' },
    {
      event_id: 'log-0001',
      timestamp: 7_000,
      message: 'ERROR GET /x failed: Error: the store is away caused by: Error: disk full',
    },
  ]);
});

test('a line in which JSON leaves a line separator of Unicode is one line', async () => {
  const path = newPath();
  writeFileSync(path, linesOf([ID, new Error('before\u2028and after')]));
  expect(await loggedLines(path, ID)).toMatchObject([{ message: 'ERROR GET /x failed: Error: before\u2028and after' }]);
});

test('another request has none, a part of an id is none, and no file is no error', async () => {
  const path = newPath();
  expect(await loggedLines(path, ID)).toEqual([]);
  writeFileSync(path, linesOf([ID]));
  expect(await loggedLines(path, ID.slice(1))).toEqual([]);
});
