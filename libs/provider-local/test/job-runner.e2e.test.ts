import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { manualClock } from '@runvoy/core';
import { cancellationContract, jobRunnerContract } from '@runvoy/core/contracts';
import { openLocalJobRunner } from '../src/job-runner.ts';
import { type LocalWorld, openLocalWorld, until } from './job-runner/local-world.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

const GATED = 'echo begun; until [ -e go ]; do sleep 0.05; done; echo done';

async function startGated(world: LocalWorld) {
  const order = world.order(GATED);
  await world.jobs.start(order);
  await until('the first line', () => world.output(order.execution_id).includes('begun'));
  return { order, open: () => writeFileSync(join(world.runDir(order), 'workspace', 'go'), '') };
}

const ended = (world: LocalWorld, order: { execution_id: string; attempt: number }) =>
  until('the end', async () => {
    const view = await world.jobs.look(order);
    return view.state === 'ended' && view.end;
  });

const pidIn = (path: string) => (JSON.parse(readFileSync(path, 'utf8')) as { pid: number }).pid;

describe('the local job runner keeps the contract:', () => jobRunnerContract(openLocalWorld));

describe('the local job runner keeps the contract of a cancel:', () =>
  cancellationContract(openLocalWorld, { hastens: true }));

describe('the local job runner', () => {
  test('tells once that an attempt ended', async () => {
    await using world = await openLocalWorld();
    const order = world.order('true');
    await world.jobs.start(order);
    await ended(world, order);
    await until('the hint', () => world.hints.length > 0);
    const other = world.order('true');
    await world.jobs.start(other);
    await until('the next hint', () => world.hints.includes(other.execution_id));
    expect(world.hints).toEqual([order.execution_id, other.execution_id]);
  });

  test('rejects an isolation it does not have', async () => {
    await using world = await openLocalWorld();
    const answer = await world.jobs.start(world.order('true', { isolation: 'container' }));
    expect(answer).toMatchObject({ outcome: 'rejected', reason: 'isolation' });
  });

  test('keeps everything to its user', async () => {
    await using world = await openLocalWorld();
    const order = world.order('true');
    await world.jobs.start(order);
    await ended(world, order);
    for (const name of [
      'supervisor.json',
      'command.json',
      'exit.json',
      'spool.jsonl',
      'supervisor.log',
      'command.sh',
    ]) {
      expect([name, statSync(join(world.runDir(order), name)).mode & 0o077]).toEqual([name, 0]);
    }
    expect(statSync(world.runDir(order)).mode & 0o077).toBe(0);
  });

  test('a run goes on when the spawner is killed, its end is still seen, and new runs start', async () => {
    await using world = await openLocalWorld();
    const { order, open } = await startGated(world);
    process.kill(world.jobs.spawnerPid!, 'SIGKILL');
    const next = world.order('echo next');
    await world.jobs.start(next);
    await ended(world, next);
    expect(world.output(next.execution_id)).toEqual(['next']);
    expect(await world.jobs.look(order)).toMatchObject({ state: 'alive', unwatched: false });
    open();
    expect(await ended(world, order)).toMatchObject({ kind: 'exited' });
    expect(world.output(order.execution_id)).toEqual(['begun', 'done']);
    await until('the hint', () => world.hints.includes(order.execution_id));
  });

  test('a run goes on when the server ends, and the next server sees its end', async () => {
    await using world = await openLocalWorld();
    const { order, open } = await startGated(world);
    await world.restart();
    expect(await world.jobs.look(order)).toMatchObject({ state: 'alive', unwatched: false });
    open();
    expect(await ended(world, order)).toMatchObject({ kind: 'exited' });
    await until('the hint', () => world.hints.includes(order.execution_id));
  });

  test('a command whose supervisor was killed is alive but unwatched, and a cancel ends all of it', async () => {
    await using world = await openLocalWorld();
    const order = world.order(
      'trap "" TERM; setsid sh -c "trap \\"\\" TERM; while :; do sleep 1; done" & echo begun; while :; do sleep 1; done',
    );
    await world.jobs.start(order);
    await until('the first line', () => world.output(order.execution_id).includes('begun'));
    process.kill(pidIn(join(world.runDir(order), 'supervisor.json')), 'SIGKILL');
    await until('the hint', () => world.hints.includes(order.execution_id));
    expect(await world.jobs.look(order)).toMatchObject({ state: 'alive', unwatched: true });
    expect((await world.jobs.readSafetyLane(order)).final).toBe(true);
    await world.jobs.cancel(order, { grace_ms: 100 });
    const end = await ended(world, order);
    expect(end).toMatchObject({ kind: 'cancelled', reason: 'lost' });
    expect(await world.jobs.look(order)).toEqual({ state: 'ended', end });
    await until('the second hint', () => world.hints.length === 2);
  });

  test('a supervisor that was killed after its command had gone is lost, at a time that does not move', async () => {
    await using world = await openLocalWorld();
    const { order } = await startGated(world);
    const supervisor = pidIn(join(world.runDir(order), 'supervisor.json'));
    process.kill(supervisor, 'SIGKILL');
    process.kill(-pidIn(join(world.runDir(order), 'command.json')), 'SIGKILL');
    const end = await ended(world, order);
    expect(end).toMatchObject({ kind: 'exited', reason: 'lost' });
    await world.restart();
    expect(await world.jobs.look(order)).toEqual({ state: 'ended', end });
  });

  test('a cancel that comes before the supervisor has begun keeps the command from running', async () => {
    await using world = await openLocalWorld();
    const order = world.order('echo never');
    const started = world.jobs.start(order);
    await world.jobs.cancel(order, { grace_ms: 1_000 });
    await started;
    expect(await ended(world, order)).toMatchObject({ kind: 'cancelled' });
    expect(world.output(order.execution_id)).toEqual([]);
  });

  test('twenty orders at once each run once', async () => {
    await using world = await openLocalWorld();
    const orders = Array.from({ length: 20 }, (_, i) => world.order(`echo run ${i}`));
    await Promise.all(orders.map((order) => world.jobs.start(order)));
    for (const [i, order] of orders.entries()) {
      await ended(world, order);
      expect(world.output(order.execution_id)).toEqual([`run ${i}`]);
    }
  });
});

describe('a process that was given the pid of one of ours', () => {
  const strangers: ReturnType<typeof spawn>[] = [];
  afterEach(() => strangers.splice(0).forEach((stranger) => stranger.kill('SIGKILL')));

  test('is not taken for it, and never signalled', async () => {
    await using world = await openLocalWorld();
    const order = world.order('true');
    const stranger = spawn('sleep', ['60'], { detached: true });
    strangers.push(stranger);
    mkdirSync(world.runDir(order), { recursive: true });
    const forged = {
      pid: stranger.pid,
      pgid: stranger.pid,
      start_ticks: 1,
      execution_id: order.execution_id,
      attempt: 1,
    };
    const boot_id = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    writeFileSync(join(world.runDir(order), 'supervisor.json'), JSON.stringify({ ...forged, boot_id }));
    writeFileSync(join(world.runDir(order), 'command.json'), JSON.stringify(forged));
    expect(await world.jobs.look(order)).toMatchObject({ state: 'ended' });
    await world.jobs.cancel(order, { grace_ms: 0 });
    await world.jobs.forget(order.execution_id);
    expect([stranger.exitCode, stranger.signalCode]).toEqual([null, null]);
  });
});

describe('an attempt that stays absent', () => {
  test('is ruled out after 15 s, and a late start of it is rejected', async () => {
    await using world = await openLocalWorld();
    const clock = manualClock(0);
    await using jobs = await openLocalJobRunner({
      dataDir: join(world.dataDir, 'other'),
      intakeSocket: '/nowhere',
      runnerMain: '/nowhere/main.ts',
      clock,
      onEnded: () => undefined,
      hostEnv: process.env,
    });
    const order = world.order('true');
    expect(await jobs.look(order)).toEqual({ state: 'absent', never: false });
    clock.advance(14_999);
    expect(await jobs.look(order)).toEqual({ state: 'absent', never: false });
    clock.advance(1);
    expect(await jobs.look(order)).toEqual({ state: 'absent', never: true });
    expect(await jobs.start(order)).toMatchObject({ outcome: 'rejected', reason: 'ruled_out' });
    expect(await jobs.look(order)).toEqual({ state: 'absent', never: true });
  });

  test('has a supervisor that cannot even begin: it never started, and the reason is told', async () => {
    await using world = await openLocalWorld();
    const hints: string[] = [];
    await using jobs = await openLocalJobRunner({
      dataDir: join(world.dataDir, 'other'),
      intakeSocket: '/nowhere',
      runnerMain: '/nowhere/main.ts',
      clock: manualClock(0),
      onEnded: (executionId) => hints.push(executionId),
      hostEnv: process.env,
    });
    const order = world.order('true');
    await jobs.start(order);
    await until('the hint', () => hints.includes(order.execution_id));
    expect(await jobs.look(order)).toMatchObject({ state: 'ended', end: { kind: 'never_started', reason: 'spawn' } });
  });
});

describe('the run directory', () => {
  test('is forgotten without touching what a symlink in it leads to', async () => {
    await using world = await openLocalWorld();
    const order = world.order('mkdir sealed; touch sealed/file; chmod 500 sealed');
    await world.jobs.start(order);
    await ended(world, order);
    const outside = join(world.dataDir, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'keep'), '');
    symlinkSync(outside, join(world.runDir(order), 'workspace', 'link'));
    await world.jobs.forget(order.execution_id);
    expect(existsSync(join(world.dataDir, 'runs', order.execution_id))).toBe(false);
    expect(existsSync(join(outside, 'keep'))).toBe(true);
  });

  test('is not forgotten while the run lives', async () => {
    await using world = await openLocalWorld();
    const { order, open } = await startGated(world);
    await expect(world.jobs.forget(order.execution_id)).rejects.toThrow('is alive');
    open();
    await ended(world, order);
  });

  test.each(['..', '../etc', 'A'.repeat(32), '', 'a'.repeat(31)])(
    'is none for the execution id %j',
    async (execution_id) => {
      await using world = await openLocalWorld();
      await expect(world.jobs.look({ execution_id, attempt: 1 })).rejects.toThrow('no run directory');
      await expect(world.jobs.forget(execution_id)).rejects.toThrow('no run directory');
    },
  );

  test('has a safety lane whose torn last line is left out and whose lines may hold any character', async () => {
    await using world = await openLocalWorld();
    const order = world.order('printf "a\\342\\200\\250b\\r\\n"');
    await world.jobs.start(order);
    await ended(world, order);
    appendFileSync(join(world.runDir(order), 'spool.jsonl'), '{"runvoy":"logs","execution_id":"');
    const texts: string[] = [];
    const lane = await world.jobs.readSafetyLane(order);
    for await (const entry of lane.entries) {
      if (entry.runvoy === 'logs')
        texts.push(...entry.body.lines.filter(({ stream }) => stream === 'stdout').map((l) => l.text));
    }
    expect(texts).toEqual(['a\u2028b\r']);
  });
});
