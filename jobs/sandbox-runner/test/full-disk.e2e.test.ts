import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import { openRunDir } from '../src/run-dir.ts';
import { mountSmallDisk, whyNoMount } from './small-disk.ts';
import { until } from './until.ts';
import { type World, openWorld, runToEnd } from './world.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

/** Nothing can be renamed to the name of a directory: as on a full disk, the file never comes to be. */
function block(world: World, name: string): void {
  mkdirSync(world.file(name), { recursive: true });
}

const noMount = whyNoMount();
const onSmallDisk = noMount === undefined ? test : test.skip;

onSmallDisk(
  `a disk of 3 MiB slows a command whose lines the server does not take, says so by name, and costs none of them${noMount === undefined ? '' : ` — skipped: ${noMount}`}`,
  async () => {
    await using world = await openWorld("head -c 12000000 /dev/zero | tr '\\0' x | fold -w 1000; echo; echo done");
    using disk = mountSmallDisk(world.runDir, 3 * 1024 * 1024);
    let isBusy = true;
    world.intake.misbehave = (call) => (isBusy && call === 'logs' ? { status: 503 } : undefined);
    world.order();
    await until('a heartbeat that says so', () => world.intake.heartbeats.at(-1)?.output_wait === 'log_disk');
    const { size } = statSync(world.file('spool.jsonl'));
    expect(size).toBeGreaterThan(disk.bytes / 2);
    isBusy = false;
    expect(await world.exited).toBe(0);
    const texts = world.intake.texts('stdout');
    expect([texts.length, texts.at(-1)]).toEqual([12_001, 'done']);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 0, ...world.intake.digest() });
    expect(
      world.intake.texts('system').filter((text) => text.includes('the disk of its runner takes no more')),
    ).toHaveLength(1);
    // Never half an entry: whoever reads this lane finds whole ones only.
    const spooled = readFileSync(world.file('spool.jsonl'), 'utf8').trimEnd().split('\n');
    for (const entry of spooled) JSON.parse(entry);
  },
);

describe('a disk that takes nothing of', () => {
  test('the notes of a supervisor costs the notes, not the command', async () => {
    const full = openSync('/dev/full', 'w');
    await using world = await openWorld('echo one; sleep 0.3; echo two', { log: full });
    closeSync(full);
    // Something to note: the first batch is not taken.
    world.intake.misbehave = (call, nth) => (call === 'logs' && nth === 1 ? { status: 500 } : undefined);
    expect(await runToEnd(world)).toBe(0);
    expect(world.intake.texts('stdout')).toEqual(['one', 'two']);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 0 });
  });

  test('command.json does not end the command', async () => {
    await using world = await openWorld('echo one; exit 3');
    block(world, 'command.json');
    expect(await runToEnd(world)).toBe(0);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 3, ...world.intake.digest() });
  });

  test('exit.json leaves the end an orderly one', async () => {
    await using world = await openWorld('exit 3');
    block(world, 'exit.json');
    expect(await runToEnd(world)).toBe(0);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 3 });
    expect(readdirSync(world.runDir).filter((name) => /\.\d+$/.test(name))).toEqual([]);
  });

  test('a state file leaves nothing beside its place', async () => {
    await using world = await openWorld('true');
    const dir = openRunDir(world.runDir);
    // JSON has no such number: the write fails half-way, when the file is there and empty.
    expect(() => dir.write('exit.json', { at_ms: 1n as unknown as number, kind: 'exited' })).toThrow('BigInt');
    expect(readdirSync(world.runDir)).toEqual([]);
    world.supervisor.stdin!.end();
  });
});
