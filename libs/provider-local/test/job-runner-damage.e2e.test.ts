import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { type StartOrder, manualClock } from '@runvoy/core';
import { openLocalJobRunner } from '../src/job-runner.ts';
import { readProcess } from '../src/job-runner/process-table.ts';
import { type LocalWorld, openLocalWorld, until } from './job-runner/local-world.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

const LIVES = 'echo begun; while :; do sleep 0.05; done';

async function startLiving(world: LocalWorld, command = LIVES) {
  const order = world.order(command);
  await world.jobs.start(order);
  await until('the first line', () => world.output(order.execution_id).includes('begun'));
  return order;
}

const ended = (world: LocalWorld, order: StartOrder) =>
  until('the end', async () => {
    const view = await world.jobs.look(order);
    return view.state === 'ended' && view.end;
  });

const pidIn = (path: string) => (JSON.parse(readFileSync(path, 'utf8')) as { pid: number }).pid;
const supervisorOf = (world: LocalWorld, order: StartOrder) => pidIn(join(world.runDir(order), 'supervisor.json'));

describe('a run that cannot be looked at', () => {
  /** A directory in the file's place: not even the superuser reads it. */
  const spoil = (path: string) => {
    rmSync(path);
    mkdirSync(join(path, 'in the way'), { recursive: true });
  };

  test('keeps the server neither from starting nor from the other runs, and is told of once', async () => {
    const warnings: object[] = [];
    await using world = await openLocalWorld({ logger: { warn: (details) => void warnings.push(details) } });
    const order = await startLiving(world);
    const supervisor = supervisorOf(world, order);
    const path = join(world.runDir(order), 'supervisor.json');
    const whole = readFileSync(path);
    spoil(path);
    await world.restart();
    for (let i = 0; i < 3; i += 1) {
      const next = world.order('true');
      await world.jobs.start(next);
      await ended(world, next);
    }
    expect(warnings).toEqual([expect.objectContaining({ error: expect.stringContaining(path) as unknown })]);
    expect((await world.jobs.list({ limit: 10 })).executions).toContainEqual(
      expect.objectContaining({ execution_id: order.execution_id, ended: false }),
    );
    rmSync(path, { recursive: true });
    writeFileSync(path, whole);
    process.kill(supervisor, 'SIGTERM');
    await until('the hint', () => world.hints.includes(order.execution_id));
  });

  test.each(['supervisor.json', 'command.json', 'exit.json', 'ended.json', 'stop.json'])(
    'is none because of an empty %s: the server starts, and the run comes to an end',
    async (name) => {
      await using world = await openLocalWorld();
      const order = world.order('true');
      await world.jobs.start(order);
      await ended(world, order);
      writeFileSync(join(world.runDir(order), name), '');
      await world.restart();
      expect(await world.jobs.look(order)).toMatchObject({ state: 'ended', end: { kind: 'exited' } });
    },
  );
});

describe('an order whose supervisor dies before it begins', () => {
  /** Runs as a supervisor would, and hangs before its first act. */
  const hanging = (dataDir: string) => {
    const path = join(dataDir, 'hanging.mjs');
    writeFileSync(path, 'setInterval(() => undefined, 1_000);');
    return path;
  };

  async function openHanging(world: LocalWorld) {
    const clock = manualClock(0);
    const hints: string[] = [];
    const dataDir = join(world.dataDir, 'other');
    const jobs = await openLocalJobRunner({
      dataDir,
      intakeSocket: '/nowhere',
      runnerMain: hanging(world.dataDir),
      clock,
      onEnded: (executionId) => hints.push(executionId),
      hostEnv: process.env,
    });
    const runDir = (order: StartOrder) => join(dataDir, 'runs', order.execution_id, String(order.attempt));
    return { jobs, clock, hints, runDir };
  }

  /** The processes of its supervisors, all that were given to this spawner. */
  const childrenOf = (pid: number) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

  test('together with the spawner never started, and is not waited for', async () => {
    await using world = await openLocalWorld();
    const { jobs, clock, hints, runDir } = await openHanging(world);
    await using _ = jobs;
    const order = world.order('true');
    await jobs.start(order);
    let earlier: number | undefined;
    for (let round = 0; round < 2; round += 1) {
      const spawner = await until('a spawner', () => jobs.spawnerPid);
      const log = join(runDir(order), 'supervisor.log');
      earlier = await until('the hand-over', () => {
        const inode = statSync(log, { throwIfNoEntry: false })?.ino;
        return inode !== earlier && inode;
      });
      const all = childrenOf(spawner);
      process.kill(spawner, 'SIGSTOP');
      for (const pid of [spawner, ...all]) process.kill(pid, 'SIGKILL');
      await until('its death', () => jobs.spawnerPid !== spawner);
    }
    await until('the hint', () => {
      clock.advance(500);
      return hints.includes(order.execution_id);
    });
    expect(await jobs.look(order)).toMatchObject({ state: 'ended', end: { kind: 'never_started', reason: 'spawn' } });
  });

  test('is given up after a minute when the supervisor hangs, and the supervisor is killed', async () => {
    await using world = await openLocalWorld();
    const { jobs, clock, hints } = await openHanging(world);
    await using _ = jobs;
    const order = world.order('true');
    await jobs.start(order);
    await until('the supervisor', () => childrenOf(jobs.spawnerPid!).length === 2);
    clock.advance(500);
    expect(await jobs.look(order)).toMatchObject({ state: 'starting' });
    const given = childrenOf(jobs.spawnerPid!)[0]!;
    clock.advance(60_000);
    await until('the hint', () => {
      clock.advance(500);
      return hints.includes(order.execution_id);
    });
    expect(await jobs.look(order)).toMatchObject({ state: 'ended', end: { kind: 'never_started', reason: 'spawn' } });
    await until('its death', () => readProcess(given) === undefined);
    expect(await jobs.start(order)).toMatchObject({ outcome: 'started' });
    expect(await jobs.look(order)).toMatchObject({ state: 'ended' });
  });

  test('is settled later when that cannot be written down at once', async () => {
    await using world = await openLocalWorld();
    const clock = manualClock(0);
    const hints: string[] = [];
    const warnings: string[] = [];
    const dataDir = join(world.dataDir, 'other');
    await using jobs = await openLocalJobRunner({
      dataDir,
      intakeSocket: '/nowhere',
      runnerMain: '/nowhere/main.ts',
      clock,
      onEnded: (executionId) => hints.push(executionId),
      hostEnv: process.env,
      logger: { warn: (_, message) => void warnings.push(message) },
    });
    const order = world.order('true');
    const inTheWay = join(dataDir, 'runs', order.execution_id);
    writeFileSync(inTheWay, '');
    await jobs.start(order);
    await until('the failure', () => warnings.length > 0);
    expect(hints).toEqual([]);
    rmSync(inTheWay);
    await until('the hint', () => {
      clock.advance(500);
      return hints.includes(order.execution_id);
    });
    expect(await jobs.look(order)).toMatchObject({ state: 'ended', end: { kind: 'never_started' } });
  });
});

describe('a supervisor that hangs', () => {
  test('is killed when a cancel is not obeyed for long, and its command with it', async () => {
    const clock = manualClock(Date.now());
    await using world = await openLocalWorld({ clock });
    const order = await startLiving(world);
    const supervisor = supervisorOf(world, order);
    const command = pidIn(join(world.runDir(order), 'command.json'));
    clock.advance(500);
    await until('it to be watched', async () => {
      clock.advance(500);
      return (await world.jobs.look(order)).state === 'alive';
    });
    process.kill(supervisor, 'SIGSTOP');
    await world.jobs.cancel(order, { grace_ms: 1_000 });
    clock.advance(89_000);
    expect(await world.jobs.look(order)).toMatchObject({ state: 'alive', unwatched: false });
    const end = await until('the end', async () => {
      clock.advance(500);
      const view = await world.jobs.look(order);
      return view.state === 'ended' && view.end;
    });
    expect(end).toMatchObject({ kind: 'cancelled', reason: 'lost' });
    expect(readProcess(command)).toBeUndefined();
  });

  test('is killed by the next server too', async () => {
    const clock = manualClock(Date.now());
    await using world = await openLocalWorld({ clock });
    const order = await startLiving(world);
    process.kill(supervisorOf(world, order), 'SIGSTOP');
    await world.jobs.cancel(order, { grace_ms: 0 });
    await world.restart();
    await until('the end', async () => {
      clock.advance(10_000);
      return (await world.jobs.look(order)).state === 'ended';
    });
  });
});

describe('a command that takes its run directory away', () => {
  test.each([
    ['removes it', 'rm -rf "$(dirname "$PWD")"'],
    ['removes the file of its supervisor', 'rm ../supervisor.json'],
    ['moves it', 'mv "$(dirname "$PWD")" ../../../../moved'],
  ])('%s: it is alive while it lives, then lost, and never started again', async (_, act) => {
    await using world = await openLocalWorld();
    const go = join(world.dataDir, 'go');
    const order = world.order(`${act}; cd /; echo begun; until [ -e ${go} ]; do sleep 0.05; done`);
    await world.jobs.start(order);
    await until('the first line', () => world.output(order.execution_id).includes('begun'));
    await until('it to be watched', async () => (await world.jobs.look(order)).state === 'alive');
    writeFileSync(go, '');
    await until('the hint', () => world.hints.includes(order.execution_id));
    expect(await ended(world, order)).toMatchObject({ kind: 'exited' });
    await world.jobs.start(order);
    expect(await world.jobs.look(order)).toMatchObject({ state: 'ended' });
  });

  test('at once and ends is lost, not started again', async () => {
    await using world = await openLocalWorld();
    const order = world.order('rm -rf "$(dirname "$PWD")"');
    await world.jobs.start(order);
    expect(await ended(world, order)).toMatchObject({ kind: 'exited', reason: 'lost' });
    expect(world.output(order.execution_id)).toEqual([]);
  });

  test('is ended by a cancel', async () => {
    await using world = await openLocalWorld();
    const order = await startLiving(world, `cd /; rm -rf "$OLDPWD/../supervisor.json" "$OLDPWD"; ${LIVES}`);
    await until('it to be watched', async () => (await world.jobs.look(order)).state === 'alive');
    await world.jobs.cancel(order, { grace_ms: 100 });
    expect(await ended(world, order)).toMatchObject({ kind: 'cancelled' });
  });

  test('is alive for the next server too, which never saw it begin', async () => {
    const clock = manualClock(Date.now());
    await using world = await openLocalWorld({ clock });
    const order = await startLiving(world);
    renameSync(dirname(world.runDir(order)), join(world.dataDir, 'moved'));
    await world.restart();
    expect(await world.jobs.look(order)).toMatchObject({ state: 'absent', never: false });
    clock.advance(15_000);
    expect(await world.jobs.look(order)).toMatchObject({ state: 'alive', unwatched: true });
    await world.jobs.cancel(order, { grace_ms: 0 });
    await until('the ruling out', async () => {
      clock.advance(1_000);
      const view = await world.jobs.look(order);
      return view.state === 'absent' && view.never;
    });
  });
});
