import type { RunRequest } from '@runvoy/protocol';
import { describe, expect, test } from '@jest/globals';
import { hashToken } from '../../src/access/tokens.ts';
import { STOPPED_START_DEADLINE_MS } from '../../src/executions/judge-absence.ts';
import { SILENCE_MS } from '../../src/executions/silence.ts';
import { recordHeartbeat } from '../../src/executions/record-heartbeat.ts';
import { appendBatch } from '../../src/logs/append-batch.ts';
import { SETTLE_MS } from '../../src/logs/assess-log.ts';
import { nameOf } from '../fake-job-runner.ts';
import { RunWorld, T0, type StartedRun } from '../run-world.ts';

describe('[tick-idempotent] a look that finds nothing new writes nothing', () => {
  test('at a run that is starting', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    const writes = world.records.writes.length;
    await run.look();
    expect(world.records.writes).toHaveLength(writes);
    world.jobs.shows(1, { state: 'starting', platform_execution: nameOf(1) });
    // What the platform calls it is news, once: no later look has to search for it.
    await run.look();
    expect((await run.execution()).facts.attempts[0]?.platform_execution).toBe(nameOf(1));
    await run.look();
    expect(world.records.writes).toHaveLength(writes + 1);
  });

  test('at a run that is running', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    const { transactions, reads, writes } = world.records;
    const before = writes.length;
    expect((await run.look()).execution.status).toBe('RUNNING');
    expect(world.records.writes).toHaveLength(before);
    expect([world.records.reads - reads, world.records.transactions - transactions]).toEqual([1, 0]);
    expect(world.jobs.cancelled).toEqual([]);
  });

  test('at a run whose end is seen and not settled', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.ended(1, T0);
    await run.look();
    const writes = world.records.writes.length;
    await run.look();
    await run.look();
    expect(world.records.writes).toHaveLength(writes);
  });

  test('at a run that has ended', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await run.finish();
    world.jobs.ended(1, T0);
    await run.look();
    const writes = world.records.writes.length;
    await run.look();
    expect(world.records.writes).toHaveLength(writes);
  });
});

describe('an end with a report', () => {
  test('makes the run terminal at once, with its outbox entry, and reads no lane', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await run.finish({ exit_code: 3 });
    world.jobs.ended(1, T0 + 6_000);
    expect((await run.look()).execution).toMatchObject({ status: 'FAILED', exit_code: 3, completed_at_ms: T0 + 5_000 });
    expect(world.jobs.lanesRead).toEqual([]);
    expect(world.records.writes).toContain(`set outbox/finished-${run.id}`);
  });

  test('that is first found in the safety lane gives the same end, and the look answers with it', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.keeps(1, { entries: [run.laneEntry(run.report({ exit_code: 3 }))], final: true });
    world.jobs.ended(1, T0);
    expect((await run.look()).execution).toMatchObject({ status: 'FAILED', exit_code: 3 });
  });

  test('that comes into the lane after the end was stored is answered by the look that finds it', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.ended(1, T0);
    expect((await run.look()).execution.status).toBe('RUNNING');
    world.jobs.keeps(1, { entries: [run.laneEntry(run.report({ exit_code: 3 }))], final: false });
    expect((await run.look()).execution).toMatchObject({ status: 'FAILED', exit_code: 3 });
  });
});

describe('an end that leaves nothing to do', () => {
  test('is one write, and nobody is told', async () => {
    const { world, run } = await proven();
    const writes = world.records.writes.length;
    expect((await run.look()).execution).toMatchObject({ status: 'SUCCEEDED', log_proven: true });
    expect(world.records.writes.slice(writes)).toEqual([`set executions/${run.id}`]);
  });

  test('takes the input with it', async () => {
    const { world, run } = await proven({ env: { A: '1' } });
    const writes = world.records.writes.length;
    await run.look();
    expect(world.records.writes.slice(writes)).toEqual([`set executions/${run.id}`, `delete run-inputs/${run.id}`]);
  });

  test('is told where the platform has to be told to forget', async () => {
    const { world, run } = await proven();
    delete world.jobs.forgetsByItself;
    await run.look();
    expect(world.records.writes).toContain(`set outbox/finished-${run.id}`);
  });

  test('is told when the log is not proven yet', async () => {
    const world = await RunWorld.open();
    world.jobs.forgetsByItself = true;
    const run = await world.running();
    await run.finish({}, 'a line that is on its way');
    world.jobs.ended(1, T0);
    await run.look();
    expect(world.records.writes).toContain(`set outbox/finished-${run.id}`);
  });

  test('overwrites nothing that was stored since the record was read', async () => {
    const { world, run } = await proven();
    world.jobs.beforeLook = async () => {
      world.jobs.beforeLook = () => undefined;
      await run.stop();
    };
    const { execution } = await run.look();
    expect(execution).toMatchObject({ status: 'SUCCEEDED', facts: { stop: { requested_by: 'admin@example.com' } } });
    expect(await run.execution()).toEqual(execution);
  });

  async function proven(request: Partial<RunRequest> = {}) {
    const world = await RunWorld.open();
    world.jobs.forgetsByItself = true;
    const run = await world.running(request);
    await appendBatch(world, run.id, run.logs(1, 'one'));
    await run.finish({}, 'one');
    world.jobs.ended(1, T0);
    return { world, run };
  }
});

describe('an end of what nobody can have had the command of', () => {
  const lied = (run: StartedRun) => run.bootstrap({ platform_execution: 'platform/stranger' }).catch(() => undefined);

  test.each([
    ['that was stopped before its bootstrap', (run: StartedRun) => run.stop(), {}, 'STOPPED'],
    ['of two runners, neither of which may have it', lied, {}, 'FAILED'],
    ['that never began', async () => undefined, { kind: 'never_started', reason: 'image_pull' } as const, 'FAILED'],
  ])('%s is final at once, and no lane is read', async (_, happens, end, status) => {
    const world = await RunWorld.open();
    world.jobs.nameOf = ({ attempt }) => nameOf(attempt);
    const run = await world.started();
    await happens(run);
    world.jobs.ended(1, world.clock.now(), end);
    expect((await run.look()).execution.status).toBe(status);
    expect(world.jobs.lanesRead).toEqual([]);
    await expect(run.bootstrap()).rejects.toMatchObject({ code: 'EXECUTION_ENDED' });
  });
});

describe('an end without a report', () => {
  test('waits for the settle window while its lane may still grow', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.ended(1, T0, { reason: 'out_of_memory' });
    world.clock.advance(SETTLE_MS - 1);
    expect((await run.look()).execution.status).toBe('RUNNING');
    world.clock.advance(1);
    expect((await run.look()).execution).toMatchObject({ status: 'FAILED', exit_code: 1, reason: 'out_of_memory' });
  });

  test('stands for good: its lane is not read again', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.ended(1, T0);
    world.jobs.keeps(1, { entries: [], final: true });
    await run.look();
    await run.look();
    expect(world.jobs.lanesRead).toEqual([1]);
  });

  test('stands at once when its lane is final', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.ended(1, T0);
    world.jobs.keeps(1, { entries: [], final: true });
    expect((await run.look()).execution).toMatchObject({ status: 'FAILED', reason: 'lost' });
  });

  test('does not stand when the window closed only while the lane was being read', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.ended(1, T0);
    world.clock.advance(SETTLE_MS - 1);
    world.jobs.whileReadingLane = () => world.clock.advance(10_000);
    expect((await run.look()).execution.status).toBe('RUNNING');
    expect((await run.look()).execution.status).toBe('FAILED');
  });

  test('[report-wins] loses to a report that is stored while the lane is being read', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.ended(1, T0);
    world.jobs.keeps(1, { entries: [], final: true });
    world.jobs.whileReadingLane = async () => void (await run.finish({ exit_code: 7 }));
    expect((await run.look()).execution).toMatchObject({ status: 'FAILED', exit_code: 7 });
  });

  test('is not settled by a report that the runner did not sign', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    const forged = { ...run.report({ exit_code: 0 }), exit_code: 0, ended_at: T0 + 1 };
    world.jobs.keeps(1, { entries: [run.laneEntry(forged)], final: true });
    world.jobs.ended(1, T0);
    expect((await run.look()).execution).toMatchObject({ status: 'FAILED', reason: 'lost' });
  });

  test('brings the lines of the lane into the log before it stands', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.keeps(1, { entries: [run.laneEntry(run.logs(1, 'last words'))], final: true });
    world.jobs.ended(1, T0);
    await run.look();
    const stored = world.records.writes.findIndex((write) => write.startsWith('create log-chunks/'));
    expect(stored).toBeGreaterThan(0);
    expect(stored).toBeLessThan(world.records.writes.indexOf(`set outbox/finished-${run.id}`));
  });
});

describe('[no-verdict-from-error]', () => {
  test('a platform that does not answer makes the look fail and changes nothing', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.clock.advance(86_400_000);
    world.jobs.shows(1, new Error('503'));
    const writes = world.records.writes.length;
    await expect(run.look()).rejects.toThrow('503');
    expect(world.records.writes).toHaveLength(writes);
    expect(world.jobs.cancelled).toEqual([]);
  });

  test('a lane that cannot be read makes the look fail, and nothing is concluded, however late', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.ended(1, T0);
    world.jobs.keeps(1, new Error('quota exceeded'));
    world.clock.advance(86_400_000);
    await expect(run.look()).rejects.toThrow('quota exceeded');
    expect((await run.execution()).status).toBe('RUNNING');
    world.jobs.keeps(1, { entries: [run.laneEntry(run.report({ exit_code: 3 }))], final: false });
    expect((await run.look()).execution).toMatchObject({ status: 'FAILED', exit_code: 3 });
  });

  test('a lane that breaks off in the middle is one that cannot be read', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.ended(1, T0);
    world.jobs.keeps(1, { entries: [run.laneEntry(run.logs(1, 'a'))], final: true });
    world.jobs.whileReadingLane = () => {
      throw new Error('connection reset');
    };
    await expect(run.look()).rejects.toThrow('connection reset');
    expect((await run.execution()).status).toBe('RUNNING');
  });

  test('an unknown execution is told as such', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    await expect(Object.assign(run, { id: 'f'.repeat(32) }).look()).rejects.toMatchObject({
      code: 'EXECUTION_NOT_FOUND',
    });
  });
});

describe('a start the platform knows nothing of', () => {
  test('is made again, with its own number and token, when it provably never was', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    world.jobs.shows(1, { state: 'absent', never: true });
    const { execution, order } = await run.look();
    expect(order).toMatchObject({ execution_id: run.id, attempt: 2 });
    expect(order?.token).not.toBe(run.order.token);
    expect(execution.facts.attempts).toMatchObject([
      { attempt: 1, rejected: { reason: 'never_started' } },
      { attempt: 2, token_hash: hashToken(order!.token) },
    ]);
    expect(execution.status).toBe('STARTING');
  });

  test('[one-runner] is made again once, by two looks at once', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    world.jobs.shows(1, { state: 'absent', never: true });
    const looks = await Promise.all([run.look(), run.look()]);
    const orders = looks.flatMap(({ order }) => order ?? []);
    expect(orders).toHaveLength(1);
    expect((await run.execution()).facts.attempts[1]?.token_hash).toBe(hashToken(orders[0]!.token));
  });

  test('is not made again when a stop or a bootstrap came in between', async () => {
    for (const meanwhile of ['stop', 'bootstrap'] as const) {
      const world = await RunWorld.open();
      const run = await world.started();
      world.jobs.shows(1, { state: 'absent', never: true });
      world.jobs.beforeLook = async () => void (await run[meanwhile]());
      expect((await run.look()).order).toBeUndefined();
      expect((await run.execution()).facts.attempts).toHaveLength(1);
    }
  });

  test('is given up after three attempts', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    for (const attempt of [1, 2, 3]) world.jobs.shows(attempt, { state: 'absent', never: true });
    expect((await run.look()).order?.attempt).toBe(2);
    expect((await run.look()).order?.attempt).toBe(3);
    const { execution, order } = await run.look();
    expect(order).toBeUndefined();
    expect(execution).toMatchObject({ status: 'FAILED', reason: 'never_started' });
  });

  test('is waited for while it may still be on its way, then given up', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    world.clock.advance(world.startTimeoutMs - 1);
    expect((await run.look()).execution.status).toBe('STARTING');
    world.clock.advance(1);
    expect((await run.look()).execution).toMatchObject({ status: 'FAILED', exit_code: 1, reason: 'start_timeout' });
  });

  test('is STOPPED and not started again when a stop is stored', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    await run.stop();
    world.jobs.shows(1, { state: 'absent', never: true });
    const { execution, order } = await run.look();
    expect(order).toBeUndefined();
    expect(execution).toMatchObject({ status: 'STOPPED', exit_code: 130 });
  });

  test('is not given up by a look that a bootstrap overtook, and the run is looked at ever after', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    world.clock.advance(world.startTimeoutMs);
    world.jobs.beforeLook = async () => void (await run.bootstrap());
    await run.look();
    world.jobs.beforeLook = () => undefined;
    expect((await run.execution()).status).toBe('RUNNING');
    world.jobs.ended(1, T0 + world.startTimeoutMs);
    world.jobs.keeps(1, { entries: [], final: true });
    expect((await run.look()).execution).toMatchObject({ status: 'FAILED', reason: 'lost' });
  });

  test('and of which a stop is stored is given up in less than a minute: whatever still begins is told to stop', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    await run.stop();
    world.jobs.shows(1, { state: 'absent', never: false });
    world.clock.advance(STOPPED_START_DEADLINE_MS - 1);
    expect((await run.look()).execution.status).toBe('TERMINATING');
    world.clock.advance(1);
    expect((await run.look()).execution).toMatchObject({ status: 'STOPPED', exit_code: 130 });
  });

  test('is not believed about a runner that is still heard', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.clock.advance(world.startTimeoutMs);
    await recordHeartbeat(world, run.id, run.heartbeat());
    world.jobs.shows(1, { state: 'absent', never: false });
    expect((await run.look()).execution.facts.attempts[0]?.end).toBeUndefined();
    world.clock.advance(SILENCE_MS);
    expect((await run.look()).execution.facts.attempts[0]?.end?.reason).toBe('lost');
  });

  test('has been there, when a runner was bound: silent, it ends as lost', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.shows(1, { state: 'absent', never: true });
    world.jobs.keeps(1, { entries: [], final: true });
    world.clock.advance(SILENCE_MS);
    await run.look();
    const { execution } = await run.look();
    expect(execution).toMatchObject({ status: 'FAILED', reason: 'lost', completed_at_ms: T0 });
    expect(execution.facts.attempts[0]?.end?.platform_execution).toBe(nameOf(1));
  });
});

describe('cancelled by a look', () => {
  test('is no run that was silent because nobody was there to hear it', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.clock.advance(10 * SILENCE_MS);
    world.upSinceMs = world.clock.now();
    await run.look();
    expect(world.jobs.cancelled).toEqual([]);
    world.clock.advance(SILENCE_MS);
    await run.look();
    expect(world.jobs.cancelled).toHaveLength(1);
  });

  const cancelOf = (attempt: number, grace_ms = 0) => ({ attempt, platform_execution: nameOf(attempt), grace_ms });

  test('a command whose runner is dead', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.lives(1, { unwatched: true });
    await run.look();
    expect(world.jobs.cancelled).toEqual([cancelOf(1)]);
  });

  test('a runner that nobody heard of for too long; its run ends as lost', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.clock.advance(SILENCE_MS - 1);
    await run.look();
    expect(world.jobs.cancelled).toEqual([]);
    world.clock.advance(1);
    await run.look();
    expect(world.jobs.cancelled).toEqual([cancelOf(1)]);
    world.jobs.ended(1, world.clock.now(), { kind: 'cancelled' });
    world.jobs.keeps(1, { entries: [], final: true });
    expect((await run.look()).execution).toMatchObject({ status: 'FAILED', exit_code: 1, reason: 'lost' });
  });

  test('not one that sent a line or a heartbeat meanwhile', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.clock.advance(SILENCE_MS - 1);
    await appendBatch(world, run.id, run.logs(1, 'still here'));
    world.clock.advance(SILENCE_MS - 1);
    await run.look();
    await recordHeartbeat(world, run.id, run.heartbeat());
    world.clock.advance(SILENCE_MS - 1);
    await run.look();
    expect(world.jobs.cancelled).toEqual([]);
  });

  test('not one that has not asked for the command yet, before the time for its start is over', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    world.jobs.lives(1);
    world.clock.advance(world.startTimeoutMs - 1);
    await run.look();
    expect(world.jobs.cancelled).toEqual([]);
  });

  test('one that lingers 30 s after its report', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await run.finish();
    world.clock.advance(29_999);
    await run.look();
    expect(world.jobs.cancelled).toEqual([]);
    world.clock.advance(1);
    await run.look();
    expect(world.jobs.cancelled).toEqual([cancelOf(1)]);
    expect((await run.execution()).status).toBe('RUNNING');
  });

  test('a run past its cancel_at, again at every look until its end is seen', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 60 });
    await run.stop();
    world.clock.advance(59_999);
    await run.look();
    expect(world.jobs.cancelled).toEqual([]);
    world.clock.advance(1);
    await run.look();
    await run.look();
    expect(world.jobs.cancelled).toEqual([cancelOf(1, 60_000), cancelOf(1, 60_000)]);
    world.jobs.ended(1, world.clock.now(), { kind: 'cancelled' });
    world.jobs.keeps(1, { entries: [], final: true });
    expect((await run.look()).execution).toMatchObject({ status: 'STOPPED', exit_code: 130 });
    await run.look();
    expect(world.jobs.cancelled).toHaveLength(2);
  });

  test('a duplicate of the bound attempt, and only that', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    world.jobs.shows(1, { state: 'absent', never: true });
    const { order } = await run.look();
    await run.bootstrap({ attempt: 2, token: order!.token });
    world.jobs.lives(1);
    world.jobs.lives(2);
    await run.look();
    expect(world.jobs.cancelled).toEqual([cancelOf(1)]);
    expect((await run.execution()).status).toBe('RUNNING');
  });

  test('whatever still lives of a run that is terminal', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    world.clock.advance(world.startTimeoutMs);
    await run.look();
    expect((await run.execution()).status).toBe('FAILED');
    world.jobs.lives(1);
    await run.look();
    expect(world.jobs.cancelled).toEqual([cancelOf(1)]);
    expect((await run.execution()).status).toBe('FAILED');
  });

  test('a cancel that the platform does not take makes the look fail, so that it is noticed', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.lives(1, { unwatched: true });
    world.jobs.cancelFails = new Error('no answer');
    await expect(run.look()).rejects.toThrow('no answer');
  });
});
