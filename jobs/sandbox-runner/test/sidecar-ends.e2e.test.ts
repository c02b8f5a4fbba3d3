import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { type SidecarWorld, openSidecarWorld, readLane, whyNoContainers } from './sidecar-world.ts';
import { until } from './until.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

const why = await whyNoContainers();
const testIt = why === undefined ? test : test.skip;
const named = (name: string) => (why === undefined ? name : `${name} — skipped: ${why}`);

/** Whether the containers of a task see each other's processes is one of the things only a real project can tell. */
const EACH_VIEW = [
  { sharedProcesses: false, view: 'with processes of its own' },
  { sharedProcesses: true, view: 'that sees all processes' },
];

const said = (world: SidecarWorld, text: string) => until(text, () => world.intake.texts().includes(text));
const DEAF = 'trap "" TERM; while :; do sleep 0.05; done';

/** Processes of the run that live, as the machine sees them. */
function living(world: SidecarWorld): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
      return environment.includes(`RUNVOY_EXECUTION_ID=${world.executionId}`) && environment.includes('RUNVOY=true');
    } catch {
      return false;
    }
  });
}

describe.each(EACH_VIEW)('a container $view', ({ sharedProcesses }) => {
  testIt(named('ends a deaf command, its children and one that escaped when a stop is ordered'), async () => {
    await using world = await openSidecarWorld(
      `trap "" TERM; sh -c '${DEAF}' & setsid sh -c '${DEAF}' & echo begun; until [ -e go ]; do sleep 0.05; done; echo again; ${DEAF}`,
      { sharedProcesses },
    );
    await said(world, 'begun');
    expect(living(world).length).toBeGreaterThanOrEqual(3);
    world.intake.stop = { grace_ms: 300 };
    writeFileSync(join(world.volume, 'workspace/go'), '');
    expect(await world.ends()).toEqual([0, 137]);
    expect(living(world)).toEqual([]);
    const [finished] = world.intake.finished;
    expect(finished).toMatchObject({ cause: 'stop', exit_code: 137, ...world.intake.digest() });
    expect(finished!.stop_progress!.killed_ms! - finished!.stop_progress!.signalled_ms!).toBeGreaterThanOrEqual(290);
  });

  testIt(named('lets a command obey a stop in its own way, and its children use the rest of the grace'), async () => {
    await using world = await openSidecarWorld(
      `(trap "sleep 0.3; echo tidied; exit 0" TERM; echo begun; while :; do sleep 0.05; done) & trap "echo bye; exit 9" TERM; until [ -e go ]; do sleep 0.05; done; echo again; while :; do sleep 0.05; done`,
      { sharedProcesses },
    );
    await said(world, 'begun');
    world.intake.stop = { grace_ms: 30_000 };
    writeFileSync(join(world.volume, 'workspace/go'), '');
    expect(await world.ends()).toEqual([0, 9]);
    expect(world.intake.texts('stdout')).toEqual(['begun', 'again', 'bye', 'tidied']);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'stop', exit_code: 9 });
    expect(world.intake.finished[0]!.stop_progress).not.toHaveProperty('killed_ms');
  });

  testIt(named('kills who is left behind when the command has ended, also outside of its session'), async () => {
    await using world = await openSidecarWorld('setsid sleep 60 & sleep 60 & sleep 0.2; exit 4', { sharedProcesses });
    expect(await world.ends()).toEqual([0, 4]);
    expect(living(world)).toEqual([]);
    expect(world.intake.texts()).toContain('### runvoy runner: 2 processes left behind by the command killed');
  });

  testIt(named('is told to stop after its time, and after its output'), async () => {
    await using world = await openSidecarWorld('echo begun; sleep 60', {
      sharedProcesses,
      answer: { limits: { timeout_s: 2, grace_ms: 1_000, max_log_bytes: 1_000 } },
    });
    await using other = await openSidecarWorld('while :; do echo 0123456789; done', {
      sharedProcesses,
      answer: { limits: { timeout_s: 60, grace_ms: 1_000, max_log_bytes: 1_000 } },
    });
    await Promise.all([world.ends(), other.ends()]);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'timeout' });
    expect(other.intake.finished[0]).toMatchObject({ cause: 'output_limit' });
  });

  testIt(named('that dies with its sidecar takes the command along'), async () => {
    await using world = await openSidecarWorld(`trap "" TERM; echo begun; ${DEAF}`, { sharedProcesses });
    await said(world, 'begun');
    const runner = await world.runner;
    world.sidecar.signal('SIGKILL');
    await runner.exited;
    await until('the command to be gone', () => living(world).length === 0);
  });
});

describe('SIGTERM from the platform', () => {
  testIt.each(['both', 'sidecar', 'runner'])(
    named('to %s ends the command, and is told as nobody’s order'),
    async (whom) => {
      await using world = await openSidecarWorld(
        'trap "echo bye; exit 3" TERM; echo begun; while :; do sleep 0.05; done',
      );
      await said(world, 'begun');
      const runner = await world.runner;
      const before = Date.now();
      if (whom !== 'runner') world.sidecar.signal('SIGTERM');
      if (whom !== 'sidecar') runner.signal('SIGTERM');
      expect(await world.ends()).toEqual([0, 3]);
      expect(Date.now() - before).toBeLessThan(5_000);
      expect(world.intake.texts('stdout')).toEqual(['begun', 'bye']);
      expect(world.intake.finished).toMatchObject([{ cause: 'terminated', exit_code: 3, ...world.intake.digest() }]);
    },
  );

  testIt.each([true, false])(
    named('to a deaf command is over within the platform’s ten seconds (intake there: %s)'),
    async (isThere) => {
      await using world = await openSidecarWorld(`trap "" TERM; echo begun; ${DEAF}`);
      await said(world, 'begun');
      const runner = await world.runner;
      if (!isThere) await world.intake.close();
      const before = Date.now();
      world.sidecar.signal('SIGTERM');
      runner.signal('SIGTERM');
      expect(await world.ends()).toEqual([0, 137]);
      expect(Date.now() - before).toBeLessThan(10_000);
      const lane = readLane(world);
      expect(lane.finished).toMatchObject([{ cause: 'terminated', exit_code: 137 }]);
      expect(lane.texts('stdout')).toEqual(['begun']);
    },
  );

  testIt(named('after an announced stop keeps the cause and shortens the grace'), async () => {
    await using world = await openSidecarWorld(
      `trap "" TERM; echo begun; until [ -e go ]; do sleep 0.05; done; echo again; ${DEAF}`,
    );
    await said(world, 'begun');
    world.intake.stop = { grace_ms: 40_000 };
    writeFileSync(join(world.volume, 'workspace/go'), '');
    await said(world, '### runvoy runner: stop requested, SIGTERM sent; SIGKILL in 40 s');
    const before = Date.now();
    world.sidecar.signal('SIGTERM');
    await world.ends();
    expect(Date.now() - before).toBeLessThan(10_000);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'stop', exit_code: 137 });
    expect(world.intake.texts('system')).toContain('### runvoy runner: it is left less time: SIGKILL in 6 s');
  });

  testIt(named('before the other container begins starts no command, and is reported'), async () => {
    await using world = await openSidecarWorld('echo never', { holdRunner: true });
    await until('the command to be announced', () => world.intake.texts().some((text) => text.includes('command =>')));
    world.sidecar.signal('SIGTERM');
    expect(await world.sidecar.exited).toBe(0);
    expect(world.intake.finished).toMatchObject([{ cause: 'terminated' }]);
    expect(world.intake.finished[0]).not.toHaveProperty('exit_code');
    // A container that is started all the same finds nobody.
    const late = await world.startRunner();
    expect(await late.exited).not.toBe(0);
    expect(world.intake.texts('stdout')).toEqual([]);
  });

  testIt(named('during the clone ends it, and is reported'), async () => {
    await using world = await openSidecarWorld('echo never', {
      answer: { git: { url: 'https://10.255.255.1/never.git', ref: '', path: '' } },
    });
    await until('the clone', () => world.intake.heartbeats.length > 0 || world.intake.bootstraps.length > 0);
    await until('git', () =>
      readdirSync('/proc').some((pid) => {
        try {
          return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(
            `RUNVOY_EXECUTION_ID=${world.executionId}.tools`,
          );
        } catch {
          return false;
        }
      }),
    );
    world.sidecar.signal('SIGTERM');
    expect(await world.sidecar.exited).toBe(0);
    expect(world.intake.finished).toMatchObject([{ cause: 'terminated' }]);
  });
});

describe('a runner container', () => {
  testIt(named('that is killed (out of memory) is reported so, with all that it said'), async () => {
    await using world = await openSidecarWorld(`trap "" TERM; echo begun; ${DEAF}`);
    await said(world, 'begun');
    (await world.runner).signal('SIGKILL');
    expect(await world.sidecar.exited).toBe(0);
    expect(world.intake.finished).toMatchObject([{ cause: 'exited', signal: 'SIGKILL', ...world.intake.digest() }]);
    expect(world.intake.texts('stdout')).toEqual(['begun']);
  });
});

describe('the fast lane', () => {
  testIt(named('cut for good costs nothing: the safety lane has every line and the end, all signed'), async () => {
    await using world = await openSidecarWorld(
      'echo begun; until [ -e go ]; do sleep 0.05; done; seq 1 1000; sleep 1; echo last; exit 5',
    );
    await said(world, 'begun');
    await world.intake.close();
    writeFileSync(join(world.volume, 'workspace/go'), '');
    await until('the end in the safety lane', () => world.hasLaneEnded());
    const lane = readLane(world);
    expect(lane.texts('stdout')).toEqual(['begun', ...Array.from({ length: 1_000 }, (_, i) => String(i + 1)), 'last']);
    expect(lane.lines.map(({ seq }) => seq)).toEqual(lane.lines.map((_, i) => i + 1));
    expect(lane.finished).toMatchObject([{ cause: 'exited', exit_code: 5, lines: lane.lines.length }]);
    // Nothing in it that the platform's log would take for its own field.
    for (const entry of world.lane()) {
      expect(Object.keys(entry)).toEqual(['runvoy', 'execution_id', 'attempt', 'body']);
    }
    await world.intake.listen();
    expect(await world.ends()).toEqual([0, 5]);
    expect(world.intake.lines()).toEqual(lane.lines);
  });

  testIt(named('that stays away holds up a command that says much only for a while'), async () => {
    await using world = await openSidecarWorld(
      'echo begun; until [ -e go ]; do sleep 0.05; done; seq 1 600000; echo last',
    );
    await said(world, 'begun');
    await world.intake.close();
    writeFileSync(join(world.volume, 'workspace/go'), '');
    await until('the end in the safety lane', () => world.hasLaneEnded(), 50_000);
    const lane = readLane(world);
    expect(lane.texts('stdout')).toHaveLength(600_002);
    expect(lane.lines).toHaveLength(lane.finished[0]!.lines);
    expect(world.notes()).toContain('left to the safety lane');
  });
});
