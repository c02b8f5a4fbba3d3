import { closeSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import { openRunDir } from '../src/run-dir.ts';
import { type World, openWorld, runToEnd } from './world.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

/** Nothing can be renamed to the name of a directory: as on a full disk, the file never comes to be. */
function block(world: World, name: string): void {
  mkdirSync(world.file(name), { recursive: true });
}

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
