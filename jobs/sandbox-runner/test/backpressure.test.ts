import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestRow } from '@runvoy/protocol';
import { createHash } from 'node:crypto';
import { backlogBytes } from '../src/backpressure.ts';
import { type Spool, openSpool } from '../src/spool.ts';
import { type Mood, type PressedRun, lineOf, openPressedRun as open } from './pressed-run.ts';
import { until } from './until.ts';

const MIB = 1024 * 1024;
const SLOW = { log_backpressure: 'slow' } as const;
/** Soon enough for a test. */
const HOLD_TIMES = { tellMs: 60, calmMs: 100 };
const runs: PressedRun[] = [];
let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'runvoy-pressure-'))));
afterEach(async () => {
  // What is still being tried comes to its end.
  for (const run of runs.splice(0)) {
    run.server.mood = 'well';
    await until('the report', () => run.server.finished.length > 0);
  }
  rmSync(directory, { recursive: true });
});

function openPressedRun(args: Parameters<typeof open>[0]): PressedRun {
  const run = open(args);
  runs.push(run);
  return run;
}

const spoolPath = () => join(directory, 'spool.jsonl');
const onDisk = () => openSpool(spoolPath(), { execution_id: 'e'.repeat(32), attempt: 1 });

/** A disk with room for so many bytes. */
function smallDisk(room: number): Spool {
  const real = onDisk();
  return {
    ...real,
    append: (kind, body) => (real.end + body.length > room ? 'refused' : real.append(kind, body)),
    get end() {
      return real.end;
    },
  };
}

const said = ({ server }: PressedRun, words: string) =>
  server.lines('system').filter(({ text }) => text.includes(words));

/** Every line once and in order, numbered without holes, and what the runner signed is what was stored. */
function expectWhole(run: PressedRun, lines: number): void {
  const stored = run.server.lines();
  expect(stored.map(({ seq }) => seq)).toEqual(Array.from(stored, (_, i) => i + 1));
  expect(run.server.lines('stdout').every(({ text }, i) => text === lineOf(i + 1))).toBe(true);
  expect(run.server.lines('stdout')).toHaveLength(lines);
  const hash = createHash('sha256');
  for (const line of stored) hash.update(digestRow(line));
  expect(run.server.finished[0]).toMatchObject({ lines: stored.length, sha256: hash.digest('hex') });
}

/** Until the command is kept waiting and nothing moves any more. */
const untilHeld = (run: PressedRun) => until('the command to be held', () => run.writer.isPaused);

test('what may wait is a quarter of what may be written, 64 MiB at least; under `slow` a few batches', () => {
  const limits = { timeout_s: 1, grace_ms: 1 };
  expect(backlogBytes({ ...limits, max_log_bytes: 65_536 })).toBe(64 * MIB);
  expect(backlogBytes({ ...limits, max_log_bytes: 1024 * MIB, log_backpressure: 'spool' })).toBe(256 * MIB);
  expect(backlogBytes({ ...limits, max_log_bytes: 1024 * MIB, ...SLOW })).toBe(MIB);
});

describe('a command that writes without pause', () => {
  test.each<Mood>(['away', 'slow', 'busy', 'mute'])(
    'to a server that is %s is slowed, and loses and doubles nothing when it is well again',
    async (mood) => {
      const run = openPressedRun({ limits: SLOW, spool: onDisk(), lines: 4_000, mood });
      await untilHeld(run);
      run.server.mood = 'well';
      expect(await run.course).toBe('exited');
      expectWhole(run, 4_000);
      // What may wait, one read beyond it, and what is being cut.
      expect(run.mostWaiting).toBeLessThan(MIB + 300_000);
    },
  );

  test('runs on under `spool` while its output waits on disk', async () => {
    const run = openPressedRun({ spool: onDisk(), lines: 12_000, mood: 'away' });
    await until('its end', () => run.writer.written === 12_000_000);
    expect(run.writer.isPaused).toBe(false);
    expect(run.server.lines()).toEqual([]);
    run.server.mood = 'well';
    expect(await run.course).toBe('exited');
    expectWhole(run, 12_000);
  });

  test('is slowed under `spool` by a disk that is full, which is told by name, and goes on when the server has taken what waits', async () => {
    const run = openPressedRun({
      spool: smallDisk(3 * MIB),
      lines: 12_000,
      mood: 'busy',
      holdTimes: HOLD_TIMES,
    });
    await untilHeld(run);
    // On disk, and what may be in memory.
    expect(run.mostWaiting).toBeLessThan(3 * MIB + 4 * MIB + 300_000);
    await until('a heartbeat that tells', () => run.server.heartbeats.at(-1)?.output_wait === 'log_disk');
    run.server.mood = 'well';
    expect(await run.course).toBe('exited');
    expectWhole(run, 12_000);
    expect(said(run, 'the disk of its runner takes no more')).toHaveLength(1);
    expect(said(run, 'as its output had to wait')).toHaveLength(1);
    expect(statSync(spoolPath()).size).toBeLessThanOrEqual(3 * MIB + 200);
  });

  test('says in its log and to the server that it is slowed, and when it goes on', async () => {
    const run = openPressedRun({ limits: SLOW, spool: onDisk(), mood: 'busy', holdTimes: HOLD_TIMES });
    await until('a heartbeat that tells', () => run.server.heartbeats.at(-1)?.output_wait === 'log_delivery');
    run.server.mood = 'well';
    await until('the line that it is', () => said(run, 'the server takes none at the moment').length === 1);
    run.cancel({ cause: 'stop', graceMs: 10_000 });
    expect(await run.course).toBe('stop');
    await until('the line that it is over', () => said(run, 'as its output had to wait').length === 1);
    expect(run.server.heartbeats.at(-1)).not.toHaveProperty('output_wait');
  });

  test('and is slowed for a moment only says nothing of it', async () => {
    const run = openPressedRun({ limits: SLOW, spool: onDisk(), lines: 3_000, mood: 'slow' });
    expect(await run.course).toBe('exited');
    expect(said(run, 'slowed')).toEqual([]);
    expect(run.server.heartbeats).toEqual([]);
  });
});

describe('the end of a command that is kept waiting', () => {
  test.each(['stop', 'terminated'] as const)('comes at once when it is %s', async (cause) => {
    const run = openPressedRun({ limits: SLOW, spool: onDisk(), mood: 'away', patienceMs: 0 });
    await untilHeld(run);
    run.cancel({ cause, graceMs: 60_000 });
    expect(run.writer.signals).toEqual(['SIGTERM']);
    expect(await run.course).toBe(cause);
  });

  test('comes by an order in the answer to a heartbeat, while no line is taken', async () => {
    const run = openPressedRun({ limits: SLOW, spool: onDisk(), mood: 'busy', patienceMs: 0, holdTimes: HOLD_TIMES });
    run.server.stop = { grace_ms: 60_000 };
    expect(await run.course).toBe('stop');
  });

  test('comes with its timeout, which the runner keeps by itself', async () => {
    const limits = { ...SLOW, timeout_s: 0.2 };
    const run = openPressedRun({ limits, spool: onDisk(), mood: 'away', patienceMs: 0 });
    await untilHeld(run);
    expect(await run.course).toBe('timeout');
  });

  test('is SIGKILL after its grace for one that writes on and on: it gets room for last words, and no more', async () => {
    const run = openPressedRun({ limits: SLOW, spool: onDisk(), mood: 'away', ignoresTerm: true, patienceMs: 0 });
    await untilHeld(run);
    const before = run.writer.written;
    run.cancel({ cause: 'stop', graceMs: 1_000 });
    await until('it to be held again', () => run.writer.isPaused && run.writer.written > before);
    expect(await run.course).toBe('stop');
    expect(run.writer.signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect(run.writer.written - before).toBeLessThan(4 * MIB + 300_000);
  });

  test('does not wait for a server that never comes back: all of it is in the spool, with the report last', async () => {
    const spool = onDisk();
    const run = openPressedRun({ spool, lines: 5_000, mood: 'away', patienceMs: 100 });
    expect(await run.course).toBe('exited');
    const kinds: string[] = [];
    let lines = 0;
    for (let at: number | undefined = 0; at !== undefined;) {
      const read = spool.readAt(at);
      if (read) kinds.push(read.kind);
      if (read?.kind === 'logs') lines += (JSON.parse(read.body.toString()) as { lines: unknown[] }).lines.length;
      at = read?.next;
    }
    expect(kinds.indexOf('finished')).toBe(kinds.length - 1);
    expect(lines).toBeGreaterThan(5_000);
  });

  test('waits for a server that takes what is left, however long that takes', async () => {
    // Patience for several tries, and much less than all of it takes: 60 batches, eight at once.
    const run = openPressedRun({ spool: onDisk(), lines: 6_000, mood: 'away', slowMs: 300, patienceMs: 1_200 });
    await until('its end', () => run.writer.written === 6_000_000);
    run.server.mood = 'slow';
    expect(await run.course).toBe('exited');
    expectWhole(run, 6_000);
  });
});
