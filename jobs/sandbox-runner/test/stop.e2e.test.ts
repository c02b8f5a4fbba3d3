import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import { carriesMarker, listProcesses } from '../src/process-table.ts';
import { bootstrapAnswer } from './fake-intake.ts';
import { until } from './until.ts';
import { type World, openWorld, runToEnd } from './world.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

/** Processes of this machine that carry the run's marker. */
function marked(world: World): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const isZombie = / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      return (
        !isZombie && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`RUNVOY_EXECUTION_ID=${world.executionId}`)
      );
    } catch {
      return false;
    }
  });
}

const said = (world: World, text: string) => until(text, () => world.intake.texts().includes(text));
const DEAF = 'trap "" TERM; while :; do sleep 0.05; done';

describe('a stop', () => {
  test('ordered in a logs answer ends a deaf command, its children and one that escaped, and is reported on the way', async () => {
    await using world = await openWorld(
      `trap "" TERM; sh -c '${DEAF}' & setsid sh -c '${DEAF}' & echo begun; until [ -e go ]; do sleep 0.05; done; echo again; ${DEAF}`,
    );
    world.order();
    await said(world, 'begun');
    expect(marked(world).length).toBeGreaterThanOrEqual(3);
    world.intake.stop = { grace_ms: 300 };
    writeFileSync(world.file('workspace/go'), '');
    expect(await world.exited).toBe(0);
    expect(marked(world)).toEqual([]);
    const [finished] = world.intake.finished;
    expect(finished).toMatchObject({ cause: 'stop', signal: 'SIGKILL', ...world.intake.digest() });
    expect(finished!.stop_progress!.killed_ms! - finished!.stop_progress!.signalled_ms!).toBeGreaterThanOrEqual(290);
    const progress = world.intake.heartbeats.map(({ stop_progress }) => Object.keys(stop_progress ?? {}));
    expect(progress).toEqual([['signalled_ms'], ['signalled_ms', 'killed_ms']]);
    expect(world.intake.texts('system')).toContain('### runvoy runner: stop requested, SIGTERM sent; SIGKILL in 0.3 s');
    expect(world.intake.texts('system')).toContain('### runvoy runner: SIGKILL sent');
    expect(world.json('exit.json')).toMatchObject({ kind: 'cancelled' });
  });

  test('that the command obeys is over at once, with its own exit code', async () => {
    await using world = await openWorld('trap "echo bye; exit 9" TERM; echo begun; while :; do sleep 0.05; done');
    world.order();
    await said(world, 'begun');
    writeFileSync(world.file('stop.json'), '{"grace_ms":30000}');
    world.supervisor.kill('SIGTERM');
    await world.exited;
    expect(world.intake.texts('stdout')).toEqual(['begun', 'bye']);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'stop', exit_code: 9 });
    expect(world.intake.finished[0]!.stop_progress).not.toHaveProperty('killed_ms');
  });

  test('with a shorter grace than the one before takes effect, and keeps the cause', async () => {
    await using world = await openWorld(`trap "" TERM; echo begun; ${DEAF}`);
    world.order();
    await said(world, 'begun');
    world.supervisor.kill('SIGTERM');
    await said(world, '### runvoy runner: terminated by the platform, SIGTERM sent; SIGKILL in 10 s at the latest');
    writeFileSync(world.file('stop.json'), '{"grace_ms":0}');
    world.supervisor.kill('SIGTERM');
    await world.exited;
    // The last word on how long it had is not the first one.
    expect(world.intake.texts('system')).toContain('### runvoy runner: it is left less time: SIGKILL at once');
    expect(world.intake.finished[0]).toMatchObject({ cause: 'terminated', signal: 'SIGKILL' });
  });

  test('gives children that outlive the command the rest of the grace', async () => {
    await using world = await openWorld(
      `(trap "sleep 0.3; echo tidied; exit 0" TERM; echo begun; while :; do sleep 0.05; done) & wait`,
    );
    world.order();
    await said(world, 'begun');
    writeFileSync(world.file('stop.json'), '{"grace_ms":30000}');
    world.supervisor.kill('SIGTERM');
    await world.exited;
    expect(world.intake.texts('stdout')).toEqual(['begun', 'tidied']);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'stop', signal: 'SIGTERM' });
  });

  test.each(['SIGHUP', 'SIGINT', 'SIGQUIT'] as const)('by %s is one by the platform', async (signal) => {
    await using world = await openWorld('trap "echo bye; exit 9" TERM; echo begun; while :; do sleep 0.05; done');
    world.order();
    await said(world, 'begun');
    world.supervisor.kill(signal);
    expect(await world.exited).toBe(0);
    expect(world.intake.texts('stdout')).toEqual(['begun', 'bye']);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'terminated', exit_code: 9 });
    expect(world.json('exit.json')).toMatchObject({ kind: 'cancelled' });
  });

  test.each(['SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGPIPE'] as const)('is not meant by %s', async (signal) => {
    await using world = await openWorld('echo begun; until [ -e go ]; do sleep 0.05; done; echo ended');
    world.order();
    await said(world, 'begun');
    world.supervisor.kill(signal);
    writeFileSync(world.file('workspace/go'), '');
    expect(await world.exited).toBe(0);
    expect(world.intake.texts('stdout')).toEqual(['begun', 'ended']);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 0 });
  });

  test('that is stored before the bootstrap keeps the command from running', async () => {
    await using world = await openWorld({ stop: true });
    expect(await runToEnd(world)).toBe(0);
    expect(world.intake.batches).toEqual([]);
    expect(world.intake.finished).toEqual([]);
    expect(world.json('exit.json')).toMatchObject({ kind: 'cancelled' });
  });

  test('while the server is away keeps the command from running', async () => {
    await using world = await openWorld('echo never');
    await world.intake.close();
    world.order();
    await until('the supervisor', () => world.json('supervisor.json'));
    world.supervisor.kill('SIGTERM');
    expect(await world.exited).toBe(0);
    expect(world.json('exit.json')).toMatchObject({ kind: 'cancelled' });
  });
});

describe('the runner itself ends a command', () => {
  test('at its timeout', async () => {
    await using world = await openWorld(
      bootstrapAnswer(DEAF, { limits: { timeout_s: 0.2, grace_ms: 100, max_log_bytes: 1 << 20 } }),
    );
    await runToEnd(world);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'timeout', signal: 'SIGKILL' });
    expect(world.intake.texts('system')).toContain(
      '### runvoy runner: timeout of 0.2 s reached, SIGTERM sent; SIGKILL in 0.1 s',
    );
  });

  test('at its output limit, and drops what comes later', async () => {
    await using world = await openWorld(
      bootstrapAnswer('trap "" PIPE; while :; do echo 123456789; done', {
        limits: { timeout_s: 60, grace_ms: 100, max_log_bytes: 1_000 },
      }),
    );
    await runToEnd(world);
    expect(world.intake.texts('stdout')).toEqual(Array.from({ length: 100 }, () => '123456789'));
    expect(world.intake.finished[0]).toMatchObject({ cause: 'output_limit', ...world.intake.digest() });
  });

  test('whose background child holds the pipes: two seconds for its last words, then it is gone', async () => {
    await using world = await openWorld('(echo late; while :; do sleep 0.05; done) & echo done');
    await runToEnd(world);
    expect(world.intake.texts('stdout').sort()).toEqual(['done', 'late']);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 0 });
    expect(world.intake.texts('system').at(-1)).toMatch(
      /^### runvoy runner: \d+ process(es)? left behind by the command killed$/,
    );
    expect(marked(world)).toEqual([]);
  });

  test('that left a daemon without the pipes: the daemon is ended at once', async () => {
    await using world = await openWorld('setsid sleep 60 > /dev/null 2>&1 & echo done');
    await runToEnd(world);
    expect(world.intake.finished[0]!.ended_at).toBeGreaterThan(0);
    expect(world.intake.texts('system').at(-1)).toBe('### runvoy runner: 1 process left behind by the command killed');
    expect(marked(world)).toEqual([]);
  });

  test.each([
    [
      'hops from fork to fork',
      `perl -e 'unless (fork) { $SIG{TERM} = "IGNORE"; while (1) { exit if fork } }' > /dev/null 2>&1; echo done`,
    ],
    ...(process.getuid?.() === 0
      ? ([
          [
            'became another user',
            'setsid setpriv --reuid 65534 --clear-groups sleep 60 > /dev/null 2>&1 & until [ "$(cat /proc/$!/comm)" = sleep ]; do sleep 0.05; done; echo done',
          ],
        ] as const)
      : []),
    [
      'lives in a thread without its first one',
      `python3 -c 'import ctypes, threading, time; threading.Thread(target=lambda: (time.sleep(0.2), open("on", "w"), time.sleep(60))).start(); ctypes.CDLL(None).pthread_exit(None)' > /dev/null 2>&1 & until [ -e on ]; do sleep 0.05; done; echo done`,
    ],
  ])('that left a process which %s: it is ended', async (_, command) => {
    await using world = await openWorld(command);
    await runToEnd(world);
    expect(world.intake.texts('stdout')).toEqual(['done']);
    const { pgid } = world.json('command.json') as { pgid: number };
    const left = listProcesses().filter(
      (row) => row.session === pgid || carriesMarker(row.pid, `RUNVOY_EXECUTION_ID=${world.executionId}`),
    );
    expect(left).toEqual([]);
  });
});
