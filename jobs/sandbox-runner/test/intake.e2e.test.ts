import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import type { SafetyLaneEntry } from '@runvoy/protocol';
import { bootstrapAnswer } from './fake-intake.ts';
import { until } from './until.ts';
import { openWorld, runToEnd } from './world.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

describe('a lost answer', () => {
  test('to the bootstrap is asked for again with the same nonce', async () => {
    await using world = await openWorld('echo once');
    world.intake.misbehave = (call, nth) => (call === 'bootstrap' && nth <= 2 ? 'drop_after' : undefined);
    await runToEnd(world);
    expect(world.intake.bootstraps).toHaveLength(3);
    expect(new Set(world.intake.bootstraps.map(({ nonce }) => nonce)).size).toBe(1);
    expect(world.intake.bootstraps[0]).toMatchObject({
      token: 'one-time-token',
      attempt: 1,
      nonce: expect.stringMatching(/^[0-9a-f]{32}$/),
      platform_execution: `local/${world.executionId}/1`,
    });
    expect(world.intake.texts('stdout')).toEqual(['once']);
  });

  test('to a batch makes it be sent again, the same, and before the report', async () => {
    await using world = await openWorld('for i in 1 2 3 4 5; do echo $i; sleep 0.03; done');
    world.intake.misbehave = (call, nth) => {
      if (call !== 'logs') return undefined;
      return nth % 3 === 1 ? 'drop_after' : nth % 3 === 2 ? { status: 503 } : undefined;
    };
    await runToEnd(world);
    const { arrivals, batches } = world.intake;
    expect(arrivals.length).toBeGreaterThan(batches.length);
    expect(world.intake.badSignatures).toEqual([]);
    expect(world.intake.finished[0]).toMatchObject(world.intake.digest());
  });

  test('to the end makes it be sent again', async () => {
    await using world = await openWorld('exit 4');
    world.intake.misbehave = (call, nth) => (call === 'finished' && nth === 1 ? 'drop_after' : undefined);
    await runToEnd(world);
    expect(world.intake.finished).toHaveLength(2);
    expect(world.intake.finished[0]).toEqual(world.intake.finished[1]);
  });
});

describe('a runner that is killed', () => {
  test('with the last part of a long log in its memory leaves a log that ends with the line that says so, in either lane', async () => {
    const answer = bootstrapAnswer('seq 1 100000; echo $$ > ../wrote; sleep 60');
    const limits = { ...answer.limits, max_log_bytes: 100_000, log_limit_policy: 'head_tail' as const };
    await using world = await openWorld({ ...answer, limits });
    world.order();
    await until('all of it written', () => existsSync(world.file('wrote')));
    const last = await until('the line that says so', () => {
      const line = world.intake.lines().at(-1);
      return line?.text.includes('only the last 50000 bytes are kept') && line;
    });
    world.supervisor.kill('SIGKILL');
    await world.exited;
    const lines = world.intake.lines();
    expect(lines.map(({ seq }) => seq)).toEqual(Array.from(lines, (_, i) => i + 1));
    expect(lines.at(-1)).toEqual(last);
    expect(world.intake.finished).toEqual([]);
    // Whoever reads the other lane learns as much: no part of what is lost, and no report that would make it whole.
    const spooled = readFileSync(world.file('spool.jsonl'), 'utf8').trimEnd().split('\n');
    const entries = spooled.map((entry) => JSON.parse(entry) as SafetyLaneEntry);
    expect(entries.map(({ runvoy }) => runvoy)).not.toContain('finished');
    expect(entries.flatMap(({ body }) => ('lines' in body && Array.isArray(body.lines) ? body.lines : []))).toEqual(
      lines,
    );
  });
});

describe('a server that goes away', () => {
  test('slows a command down that writes more than may wait, and loses none of it', async () => {
    // The reading of the last lines must not wait for room: the command ends while its pipes are held back.
    const answer = bootstrapAnswer(
      "echo begun; until [ -e go ]; do sleep 0.02; done; head -c 5000000 /dev/zero | tr '\\0' x | fold -w 1000; echo; echo done",
    );
    await using world = await openWorld({ ...answer, limits: { ...answer.limits, log_backpressure: 'slow' } });
    world.order();
    await until('the first line', () => world.intake.texts('stdout').includes('begun'));
    await world.intake.close();
    writeFileSync(world.file('workspace/go'), '');
    const spoolBytes = () => statSync(world.file('spool.jsonl')).size;
    let before = -1;
    await until('the spool to stop growing', async () => {
      const isStill = spoolBytes() === before;
      before = spoolBytes();
      await pause(300);
      return isStill && before > 1_000_000;
    });
    expect(before).toBeLessThan(1_500_000);
    await world.intake.listen();
    expect(await world.exited).toBe(0);
    const texts = world.intake.texts('stdout');
    expect([texts.length, texts.at(-1)]).toEqual([5_002, 'done']);
    expect(world.intake.finished[0]).toMatchObject(world.intake.digest());
  });

  test('and comes back gets every line once, in order, although memory holds only a part of them', async () => {
    await using world = await openWorld(
      'echo begun; until [ -e go ]; do sleep 0.02; done; seq 1 200000 | sed s/^/0123456789012345678901234567890123456789/; echo done; touch written',
    );
    world.order();
    await until('the first line', () => world.intake.texts('stdout').includes('begun'));
    await world.intake.close();
    writeFileSync(world.file('workspace/go'), '');
    await until('all of it written', () => existsSync(world.file('workspace/written')));
    await world.intake.listen();
    expect(await world.exited).toBe(0);
    const texts = world.intake.texts('stdout');
    expect(texts).toHaveLength(200_002);
    expect(texts[200_000]).toBe('0123456789012345678901234567890123456789200000');
    expect(world.intake.badSignatures).toEqual([]);
    expect(world.intake.finished[0]).toMatchObject({ exit_code: 0, ...world.intake.digest() });
  });

  test('before the bootstrap is waited for', async () => {
    await using world = await openWorld('echo here');
    await world.intake.close();
    world.order();
    await until('the supervisor', () => world.json('supervisor.json'));
    await world.intake.listen();
    await world.exited;
    expect(world.intake.texts('stdout')).toEqual(['here']);
  });
});

describe('a server that refuses', () => {
  test.each([410, 403, 401, 409])(
    'the bootstrap with %i ends the supervisor at once, without a command',
    async (status) => {
      await using world = await openWorld('touch ran');
      world.intake.misbehave = (call) => (call === 'bootstrap' ? { status } : undefined);
      expect(await runToEnd(world)).toBe(0);
      expect(existsSync(world.file('workspace'))).toBe(false);
      expect(world.json('exit.json')).toMatchObject({ kind: 'exited', reason: 'bootstrap_refused' });
    },
  );

  test('one batch as a mismatch gets the next ones', async () => {
    await using world = await openWorld('echo one; sleep 0.05; echo two');
    world.intake.misbehave = (call, nth) =>
      call === 'logs' && nth === 1 ? { status: 409, body: { error: 'planted', code: 'BATCH_MISMATCH' } } : undefined;
    await runToEnd(world);
    expect(world.intake.texts('stdout')).toContain('two');
    expect(world.intake.finished).toHaveLength(1);
  });

  test('the run as terminal ends the command, and the spool keeps how', async () => {
    await using world = await openWorld('echo begun; while :; do sleep 0.05; echo more; done');
    world.intake.misbehave = (call, nth) => (call === 'logs' && nth > 2 ? { status: 410 } : undefined);
    await runToEnd(world);
    expect(world.intake.finished).toEqual([]);
    expect(world.json('exit.json')).toMatchObject({ kind: 'cancelled' });
    const last = readFileSync(world.file('spool.jsonl'), 'utf8').trimEnd().split('\n').at(-1)!;
    expect(JSON.parse(last)).toMatchObject({ runvoy: 'finished', body: { cause: 'terminated' } });
  });
});

describe('a supervisor', () => {
  test('without an order ends when its pipe is closed, leaving nothing', async () => {
    await using world = await openWorld('true');
    world.supervisor.stdin!.end();
    expect(await world.exited).toBe(0);
    expect(existsSync(world.runDir)).toBe(false);
  });

  test('that is given an attempt another one has leaves it alone', async () => {
    await using world = await openWorld('echo once');
    await using second = await openWorld('echo once');
    world.order();
    await until('the first supervisor', () => world.json('supervisor.json'));
    second.order({ execution_id: world.executionId, run_dir: world.runDir, intake_socket: world.intake.socket });
    expect(await second.exited).toBe(0);
    await world.exited;
    expect(world.intake.bootstraps).toHaveLength(1);
    expect(world.intake.texts('stdout')).toEqual(['once']);
  });

  test('writes down who it is, and what it started', async () => {
    // It lives until it was looked at: of one that has ended nobody knows when it began.
    const command = 'echo $$; cut -d" " -f22 /proc/$$/stat; until [ -e ../command.json ]; do sleep 0.05; done';
    await using world = await openWorld(command);
    await runToEnd(world);
    expect(world.json('supervisor.json')).toMatchObject({
      pid: world.supervisor.pid,
      execution_id: world.executionId,
      attempt: 1,
      boot_id: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    });
    const [pid, ticks] = world.intake.texts('stdout').map(Number);
    expect(world.json('command.json')).toEqual({ pid, pgid: pid, start_ticks: ticks });
  });
});
