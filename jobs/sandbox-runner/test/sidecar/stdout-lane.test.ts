import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openStdoutLane } from '../../src/sidecar/stdout-lane.ts';
import { until } from '../until.ts';

const RUN = { execution_id: 'e'.repeat(32), attempt: 1 };
const MESSAGE = Buffer.from(
  JSON.stringify({ from: 1, lines: [{ seq: 1, stream: 'stdout', ms: 1, text: 'x'.repeat(90_000) }] }),
);

let directory: string;
let readFd: number;
let writeFd: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'runvoy-lane-'));
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  // Without blocking, so that a full pipe is an EAGAIN and no thread hangs.
  writeFd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
});
afterEach(() => {
  closeSync(writeFd);
  rmSync(directory, { recursive: true });
});

/** What waits in the pipe. */
function readSome(): string {
  const bytes = Buffer.alloc(1_000_000);
  try {
    return bytes.subarray(0, readSync(readFd, bytes)).toString('utf8');
  } catch {
    return '';
  }
}

describe('the lane on standard output', () => {
  test('asks to wait while its reader is slow, says when there is room, and loses nothing', async () => {
    let room = 0;
    const lane = openStdoutLane(RUN, { fd: writeFd, onRoom: () => (room += 1), note: () => undefined });
    let count = 0;
    while (!lane.isFull) {
      count += 1;
      expect(lane.append('logs', MESSAGE)).toBe('passed_on');
    }
    expect(count).toBeGreaterThan(40);
    let isFlushed = false;
    const flushed = lane.flushed().then(() => (isFlushed = true));
    expect(isFlushed).toBe(false);
    let text = '';
    await until('all of it', () => {
      text += readSome();
      return text.split('\n').length === count + 1;
    });
    await flushed;
    expect(room).toBe(1);
    expect(lane.isFull).toBe(false);
    for (const line of text.trimEnd().split('\n')) {
      expect(JSON.parse(line)).toEqual({ runvoy: 'logs', ...RUN, body: JSON.parse(MESSAGE.toString()) as object });
    }
    closeSync(readFd);
  });

  test('whose reader has gone refuses from then on, says so once, and holds nobody up', async () => {
    const notes: string[] = [];
    const lane = openStdoutLane(RUN, { fd: writeFd, onRoom: () => undefined, note: (text) => notes.push(text) });
    closeSync(readFd);
    lane.append('logs', MESSAGE);
    await lane.flushed();
    expect(lane.append('finished', Buffer.from('{}'))).toBe('refused');
    expect(lane.append('finished', Buffer.from('{}'))).toBe('refused');
    expect(lane.isFull).toBe(false);
    expect(notes).toEqual([expect.stringContaining('EPIPE')]);
  });
});
