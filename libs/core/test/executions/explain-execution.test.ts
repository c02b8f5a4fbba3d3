import { describe, expect, test } from '@jest/globals';
import { signedText } from '@runvoy/protocol';
import { explainExecution, type ExplainArgs } from '../../src/executions/explain-execution.ts';
import { notePlatformEntry, platformNotesRef } from '../../src/executions/platform-notes.ts';
import { recordFinished } from '../../src/executions/record-finished.ts';
import { recordHeartbeat } from '../../src/executions/record-heartbeat.ts';
import { nameOf } from '../fake-job-runner.ts';
import { RunWorld, T0, type StartedRun } from '../run-world.ts';
import { after, afterWaiting, bootstrapped, queued, starting, stopRequested } from './facts.ts';

const NEXT_LOOK = T0 + 600_000;

async function explain(run: StartedRun, more: Partial<ExplainArgs> = {}) {
  return explainExecution(await run.execution(), { nowMs: run.world.clock.now(), nextLookMs: NEXT_LOOK, ...more });
}

async function kindsOf(run: StartedRun) {
  return (await explain(run)).evidence.map(({ kind }) => kind);
}

describe('the evidence', () => {
  test('of a plain run is its whole life, oldest first', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.clock.advance(6_000);
    await run.finish({ exit_code: 3 }, 'x');
    world.jobs.ended(1, T0 + 6_500);
    world.clock.advance(1_000);
    await run.look();
    expect(await kindsOf(run)).toEqual([
      'requested',
      'start_made',
      'start_answered',
      'bootstrapped',
      'command_started',
      'command_ended',
      'reported',
      'platform_end',
      'settled',
    ]);
    const { evidence, rule, summary } = await explain(run);
    expect(evidence.map(({ at }) => at)).toEqual(evidence.map(({ at }) => at).toSorted());
    expect(summary).toBe('its command ended with exit code 3');
    expect(rule).toBe(
      'The platform says that nothing of it has been alive since 00:00:06 UTC. How it ended, its runner says: the command ended ' +
        'by itself with exit code 3. So it is FAILED with exit code 3.',
    );
  });

  test('of a run that was brought here says where it ended, and claims nothing of this place', async () => {
    const world = await RunWorld.open();
    const { facts: _, ...execution } = await (await world.running()).execution();
    const brought = {
      ...execution,
      status: 'SUCCEEDED' as const,
      exit_code: 0,
      facts: { attempts: [] },
      imported: { at_ms: T0 + 5_000, by: 'ann@example.com', source: 'AWS' },
    };
    const { evidence, rule } = explainExecution(brought, { nowMs: T0 + 6_000, nextLookMs: NEXT_LOOK });
    expect(rule).toBe('It had ended in AWS, and what it ended as came along: it is SUCCEEDED with exit code 0.');
    expect(evidence.map(({ kind }) => kind).toSorted()).toEqual(['imported', 'requested']);
    expect(evidence.find(({ kind }) => kind === 'requested')?.text).toMatch(/ asked for this run in AWS\.$/);
  });

  test('of an end without a report says that the backup copy was read, and when', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.ended(1, T0 + 1_000);
    world.clock.advance(2_000);
    await run.look();
    expect(await kindsOf(run)).not.toContain('lane_read');
    world.clock.advance(60_000);
    await run.look();
    const { evidence, rule } = await explain(run);
    expect(evidence.slice(-3).map(({ kind, at }) => [kind, Date.parse(at) - T0])).toEqual([
      ['platform_end', 2_000],
      ['lane_read', 62_000],
      ['settled', 62_000],
    ]);
    expect(rule).toContain('Nobody knows how the command ended. So it is FAILED with exit code 1, reason lost.');
  });

  test('of a run restored from a backup claims nothing of its platform, and names the moment of the backup', () => {
    const backup_at_ms = Date.parse('2026-03-01T09:00:00Z');
    const restored = { kind: 'restored', backup_at_ms, at_ms: backup_at_ms + 1_000 } as const;
    for (const run of [after(bootstrapped(), restored), after(restored), afterWaiting(restored)]) {
      const { evidence, rule, happened, summary } = explainExecution(run, { nowMs: T0, nextLookMs: NEXT_LOOK });
      expect(summary).toBe('its record is from a backup made before its end');
      expect(happened).toContain('Where the backup came from it may have ended since, or be going on.');
      expect(evidence.at(-1)).toMatchObject({
        kind: 'restored',
        text: expect.stringContaining('backup of 2026-03-01 09:00:00 UTC'),
      });
      expect(rule).toBe(
        'Its record is from a backup of 2026-03-01 09:00:00 UTC, made before its end was confirmed. How it ended, or whether it ' +
          'has, is not known here. So it is FAILED with exit code 1, reason restored.',
      );
      expect(JSON.stringify(evidence)).not.toContain('says that nothing of it');
    }
  });

  test('of a stop tells each step, and who asked', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 60 });
    world.clock.advance(1_000);
    await run.stop();
    world.clock.advance(1_000);
    await recordHeartbeat(world, run.id, run.heartbeat({ stop_progress: { signalled_ms: T0 + 1_500 } }));
    world.clock.advance(60_000);
    await run.look();
    const { evidence } = await explain(run);
    expect(evidence.slice(-3).map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
      'stop_requested: admin@example.com asked to stop it, with 1 min for the command to end by itself.',
      'signalled: The command was asked to end (SIGTERM).',
      'cancel_sent: The platform was told to end it: a stop was asked for, and its grace period was over.',
    ]);
  });

  test('of a stop that came before the command could be started tells of no command', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 60 });
    await run.stop();
    const { exit_code: _, mac: __, ...message } = run.report({ cause: 'stop' }, 'x');
    await recordFinished(world, run.id, { ...message, mac: run.sign(signedText('finished', run.id, message)) });
    world.jobs.ended(1, T0 + 1_000);
    world.clock.advance(2_000);
    await run.look();
    const { evidence, rule } = await explain(run);
    expect(evidence.map(({ kind }) => kind)).not.toContain('command_started');
    expect(evidence.map(({ kind }) => kind)).not.toContain('command_ended');
    expect(rule).toContain('its runner says: the command was never started: the run was asked to stop before.');
  });

  test('of a stop that leaves nothing says so', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 60 });
    await run.stop(0);
    expect((await explain(run)).evidence.at(-1)?.text).toBe(
      'admin@example.com asked to kill it at once. The platform is told so at once, and again at every look.',
    );
  });

  test('of a run that was stopped while it waited speaks of no platform and no runner', () => {
    const { evidence, rule, summary } = explainExecution(afterWaiting(stopRequested), { nowMs: T0, nextLookMs: T0 });
    expect(summary).toBe('ann@example.com stopped it while it waited');
    expect(evidence.find(({ kind }) => kind === 'stop_requested')?.text).toBe(
      'ann@example.com asked to stop it. It left the queue at once: nothing of it had been started.',
    );
    expect(rule).toBe(
      'It waited for a slot and was never started. ann@example.com had asked to stop it. So it is STOPPED with exit code 130.',
    );
  });

  test('of a stop that somebody hastened tells who, and how little it was left', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 60 });
    await run.stop();
    world.clock.advance(1_000);
    await run.stop(0);
    expect((await explain(run)).evidence.at(-1)).toMatchObject({
      kind: 'stop_hastened',
      text: 'admin@example.com asked for it to be killed at once.',
    });
  });

  test('of a start that took too long tells that its time was over', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    world.jobs.shows(1, { state: 'starting', platform_execution: nameOf(1) });
    world.clock.advance(world.startTimeoutMs);
    await run.look();
    expect(await kindsOf(run)).toContain('start_timed_out');
    world.jobs.ended(1, world.clock.now(), { kind: 'cancelled' });
    world.clock.advance(60_000);
    await run.look();
    expect((await explain(run)).rule).toContain('The time for its start was over at');
  });

  test('of a start that comes after another one has the command tells that it was refused, once', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    world.jobs.shows(1, { state: 'absent', never: true });
    const { order } = await run.look();
    await run.bootstrap({ attempt: 2, token: order!.token });
    for (let asks = 0; asks < 2; asks += 1) await expect(run.bootstrap()).rejects.toThrow('Bootstrap refused');
    const refused = (await explain(run)).evidence.filter(({ kind }) => kind === 'refused');
    expect(refused).toMatchObject([
      {
        attempt: 1,
        text: 'A runner asked for the command and was refused: another start of this run has the command.',
      },
    ]);
  });

  test('that a look has the run ended is kept once, however often it is said again', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 60 });
    await run.stop();
    for (let look = 0; look < 3; look += 1) {
      world.clock.advance(60_000);
      await run.look();
    }
    expect((await kindsOf(run)).filter((kind) => kind === 'cancel_sent')).toHaveLength(1);
    expect(world.jobs.cancelled.length).toBeGreaterThan(2);
  });
});

describe('what it waits for', () => {
  test('is what the platform showed at a look, from when it was first seen', async () => {
    const world = await RunWorld.open();
    world.jobs.answersStart = () => ({ outcome: 'started', platform_execution: nameOf(1) });
    const run = await world.started();
    world.jobs.shows(1, { state: 'starting', platform_execution: nameOf(1), waiting_for: 'image_pull' });
    for (let look = 0; look < 2; look += 1) {
      world.clock.advance(60_000);
      await run.look();
    }
    const { waiting_for, summary, evidence } = await explain(run);
    expect(waiting_for).toMatchObject({ what: 'image_pull', since: new Date(T0 + 60_000).toISOString() });
    expect(summary).toBe('waiting for its image to be fetched');
    expect(evidence.filter(({ kind }) => kind === 'waiting')).toHaveLength(1);
  });

  test('is no longer told once the platform shows that it goes on', async () => {
    const world = await RunWorld.open();
    world.jobs.answersStart = () => ({ outcome: 'started', platform_execution: nameOf(1) });
    const run = await world.started();
    world.jobs.shows(1, { state: 'starting', platform_execution: nameOf(1), waiting_for: 'quota' });
    world.clock.advance(60_000);
    await run.look();
    world.jobs.lives(1);
    world.clock.advance(60_000);
    await run.look();
    expect((await explain(run)).waiting_for?.what).toBe('runner');
  });

  test('a start that takes no longer than most is not worth a write', async () => {
    const world = await RunWorld.open();
    world.jobs.answersStart = () => ({ outcome: 'started', platform_execution: nameOf(1) });
    const run = await world.started();
    // What the platform calls it is kept by the first look that finds it.
    world.jobs.shows(1, { state: 'starting', platform_execution: nameOf(1) });
    await run.look();
    const before = await run.execution();
    world.jobs.shows(1, { state: 'starting', platform_execution: nameOf(1), waiting_for: 'image_pull' });
    world.clock.advance(10_000);
    await run.look();
    expect(await run.execution()).toEqual(before);
  });

  test('is what its runner says it does before the command starts, until it says nothing more', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.clock.advance(10_000);
    await recordHeartbeat(world, run.id, run.heartbeat({ preparing: 'git_clone' }));
    const { waiting_for, status, evidence } = await explain(run);
    expect([status, waiting_for?.what]).toEqual(['RUNNING', 'git_clone']);
    expect(evidence.at(-1)?.text).toBe(
      'Its runner told how far it was: it was waiting for its repository to be cloned.',
    );
    world.clock.advance(10_000);
    await recordHeartbeat(world, run.id, run.heartbeat());
    expect((await explain(run)).waiting_for).toBeUndefined();
  });

  test('is that its output is taken, while its runner says so; each change of that is stored once', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    for (const output_wait of ['log_delivery', 'log_delivery', 'log_disk', undefined, undefined] as const) {
      world.clock.advance(10_000);
      await recordHeartbeat(world, run.id, run.heartbeat(output_wait && { output_wait }));
      const { waiting_for, status, summary } = await explain(run);
      expect([status, waiting_for?.what]).toEqual(['RUNNING', output_wait]);
      if (output_wait) expect(summary).toContain('its output');
    }
    const told = (await explain(run)).evidence.filter(({ kind }) => kind === 'waiting');
    expect(told.map(({ text }) => text)).toEqual([
      'Its runner told how far it was: it was waiting for its output to be taken.',
      'Its runner told how far it was: it was its output waits: the disk of its runner is full.',
      'Its runner told how far it was: it was no longer waiting.',
    ]);
  });

  test('what held the start up is not told of a run whose runner has the command', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    world.jobs.shows(1, { state: 'starting', platform_execution: nameOf(1), waiting_for: 'capacity' });
    world.clock.advance(60_000);
    await run.look();
    world.clock.advance(1_000);
    await run.bootstrap();
    expect((await explain(run)).waiting_for).toBeUndefined();
  });

  test('is what the platform says just now, when that is more than a look has noted', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    const seenNow = { state: 'starting', platform_execution: nameOf(1), waiting_for: 'quota' } as const;
    const { waiting_for, summary, evidence } = await explain(run, { seenNow });
    expect([waiting_for?.what, summary]).toEqual(['quota', 'waiting for quota of the platform']);
    expect(evidence.at(-1)).toMatchObject({
      kind: 'platform_now',
      text: 'The platform was asked just now: it is waiting for quota of the platform.',
    });
  });

  test('is a slot: its place is told, and the limit that holds it up', () => {
    const queue = { place: 3, waiting: 7, limit: 'user', max_running: 2 } as const;
    const waitsFor = (more: object) =>
      explainExecution(queued, { nowMs: T0, nextLookMs: NEXT_LOOK, queue: { ...queue, ...more } }).waiting_for?.text;
    expect(waitsFor({})).toMatch(/ It has place 3 of 7: no more than 2 runs of each user may be under way at once\.$/);
    expect(waitsFor({ limit: 'deployment', max_running: 1 })).toMatch(/than one run of this server may be under way/);
    expect(waitsFor({ limit: 'image' })).toMatch(/than 2 runs with its image may be under way/);
    expect(waitsFor({ limit: 'key' })).toMatch(/than 2 runs of its key may be under way/);
    expect(waitsFor({ limit: undefined })).toMatch(/ It has place 3 of 7\.$/);
  });

  test('nothing is concluded from a platform that does not answer', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    const { status, evidence } = await explain(run, { seenNow: 'unknown' });
    expect([status, evidence.at(-1)?.text]).toEqual([
      'STARTING',
      'The platform was asked just now and did not answer.',
    ]);
  });
});

describe('what comes next', () => {
  const dues = async (run: StartedRun) =>
    ((await explain(run)).next ?? []).map(({ who, at }) => [who, Date.parse(at) - T0]);

  test('for a running command: silence, its time limit, the next look', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ timeout: 900 });
    expect(await dues(run)).toEqual([
      ['server', 180_000],
      ['server', 600_000],
      ['runner', 900_000],
    ]);
  });

  test('for a stop: when the platform is told again, beside the rest', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 60 });
    world.clock.advance(1_000);
    await run.stop();
    expect((await dues(run))[0]).toEqual(['server', 61_000]);
  });

  test('for a stop that is due: nothing that is past', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 5 });
    world.clock.advance(1_000);
    await run.stop();
    world.clock.advance(1_000);
    const nows = (await dues(run)).map(([, at]) => at as number);
    expect(nows).toContain(600_000);
    expect(nows.filter((at) => at <= 2_000)).toEqual([]);
  });

  test('for an end without a report: the end of the window for it', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.ended(1, T0 + 10_000);
    world.clock.advance(11_000);
    await run.look();
    expect(await dues(run)).toEqual([
      ['server', 55_000],
      ['server', 600_000],
    ]);
  });

  test('for a start: when it is given up, where somebody knows how long it may take', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    expect(await dues(run)).toEqual([['server', 600_000]]);
    const { next } = await explain(run, { startTimeoutMs: 300_000 });
    expect(next?.map(({ at }) => Date.parse(at) - T0)).toEqual([300_000, 600_000]);
  });
});

test('faults and what the platform wrote are told, and the start that was lost', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  const platform_execution = nameOf(1);
  await notePlatformEntry(world, { kind: 'system', platform_execution, text: 'Memory limit exceeded.', at_ms: T0 });
  await notePlatformEntry(world, { kind: 'output', platform_execution, printed: 'hello', at_ms: T0 });
  const notes = [(await world.records.get(platformNotesRef(platform_execution)))!.value];
  await run.finish({ exit_code: 0 }, 'x');
  await run.finish({ exit_code: 1 }, 'x');
  const { faults, platform_notes } = await explain(run, { notes });
  expect(faults).toMatchObject([{ kind: 'second_report' }]);
  expect(platform_notes).toEqual([
    { platform_execution, at: new Date(T0).toISOString(), text: 'Memory limit exceeded.' },
    { platform_execution, text: 'One entry was printed past its runner and is no part of its log. The first: hello' },
  ]);
});

test('a run that an older server stored, without anything noted of when, is explained from its facts', () => {
  const old = after(
    { kind: 'platform_named', attempt: 1, platform_execution: 'p' },
    { kind: 'bootstrapped', attempt: 1, nonce_hash: 'n', at_ms: 2_000 },
    { kind: 'platform_ended', attempt: 1, end: { platform_execution: 'p', at_ms: 5_000, kind: 'exited' } },
    { kind: 'lane_settled', attempt: 1 },
  );
  expect(old.trail).toBeUndefined();
  const { evidence, reason } = explainExecution(old, { nowMs: 9_000, nextLookMs: 60_000 });
  expect([reason, evidence.map(({ kind }) => kind)]).toEqual([
    'lost',
    ['requested', 'start_made', 'bootstrapped', 'platform_end', 'lane_read'],
  ]);
});

test('nothing secret of a start is in an explanation', () => {
  const text = JSON.stringify(explainExecution(starting, { nowMs: 2_000, nextLookMs: 60_000 }));
  for (const secret of starting.facts.attempts.map(({ token_hash }) => token_hash)) expect(text).not.toContain(secret);
});
