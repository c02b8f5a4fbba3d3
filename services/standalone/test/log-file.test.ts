import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { openLogFile } from '../src/log-file.ts';

const newPath = () => join(mkdtempSync(join(tmpdir(), 'runvoy-log-')), 'server.log');

test('a line that cannot be written is lost and counted, and the writer goes on', () => {
  const path = newPath();
  const log = openLogFile(path);
  mkdirSync(path);
  log.write('a\n');
  log.write('b\n');
  rmdirSync(path);
  log.write('c\n');
  expect(readFileSync(path, 'utf8')).toBe('{"severity":"WARNING","message":"2 log lines were lost"}\nc\n');
});

test('a log that has grown large is put aside at the start', () => {
  const path = newPath();
  writeFileSync(path, Buffer.alloc(17 * 1024 * 1024, 'x'));
  openLogFile(path).write('fresh\n');
  expect(readFileSync(path, 'utf8')).toBe('fresh\n');
  expect(readFileSync(`${path}.1`).length).toBe(17 * 1024 * 1024);
});
