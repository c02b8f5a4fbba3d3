import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { RunAnswer } from '@runvoy/protocol';
import { endOf, openCrashWorld, readWholeLog, type CrashWorld } from './crash-world.ts';
import { newGate } from './gate.ts';
import { poll, type Server } from './server.ts';

const LINES = Array.from({ length: 40 }, (_, i) => `line ${i + 1}`);
/** Speaks for about a second, whether or not anybody listens. */
const TALK = 'i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "line $i"; sleep 0.02; done; exit 7';
/** Ends only when it is killed. */
const DEAF = `trap '' TERM; echo deaf; while :; do sleep 0.1; done`;
const END_IS_WORKED_OUT_MS = 55_000;

/** The run that was submitted, known or not: the same key and body again cannot make a second one. */
async function sameRun(world: CrashWorld, server: Server, command: string, grace?: number): Promise<RunAnswer> {
  const run = await world.submit(server, command, grace);
  expect(run?.execution_id).toMatch(/^[0-9a-f]{32}$/);
  return run!;
}

/** Every number once and in order; complete, and the lines that were read have the digest that the runner signed. */
async function expectWhole(server: Server, id: string, output: readonly string[]): Promise<void> {
  const log = await readWholeLog(server, id);
  expect(log.output).toEqual(output);
  expect(log.numbers).toEqual(log.numbers.map((_, index) => index + 1));
  expect(log.completeness).toBe('complete');
  expect(log.digests[0]).toBe(log.digests[1]);
}

/** The first lines of `all`, without a hole, and not called complete: unproven, or `running` while its settle window is open. */
async function expectUnproven(server: Server, id: string, all: readonly string[]): Promise<void> {
  const log = await readWholeLog(server, id);
  expect(log.output).toEqual(all.slice(0, log.output.length));
  expect(log.numbers).toEqual(log.numbers.map((_, index) => index + 1));
  expect(['unproven', 'running']).toContain(log.completeness);
}

const running = (server: Server, id: string) => server.until(id, ({ status }) => status === 'RUNNING');
const stop = (server: Server, id: string) => server.call('DELETE', `/api/v1/executions/${id}`);

describe('a server that is killed', () => {
  test.concurrent.each([
    // These wait until it is certain that the order was lost with the server, so they begin first.
    'after stored 1',
    'before spawned 1',
    'before stored 1',
    'after spawned 1',
    'before bootstrap call 1',
    'before bootstrapped 1',
    'after bootstrapped 1',
    'after bootstrap call 1',
    'before batch 1',
    'after batch 1',
    'after logs call 1',
    'after batch 5',
    'before finished call 1',
    'before finished 1',
    'after finished 1',
    'after finished call 1',
    'before ended 1',
    'after ended 1',
    'before published 1',
    'after published 1',
    'before forgotten 1',
    'after forgotten 1',
  ])(
    '%s finds the run again: one start, the right end, the whole log, nothing left',
    async (at) => {
      await using world = openCrashWorld();
      const armed = await world.startArmed(at);
      await world.submit(armed, TALK);
      await armed.reached;
      const server = await world.start();
      const { execution_id: id } = await sameRun(world, server, TALK);
      expect(endOf(await server.finished(id))).toBe('FAILED 7');
      await expectWhole(server, id, LINES);
      expect(world.starts()).toBe(1);
      expect(await server.call('GET', '/api/v1/executions?limit=0')).toHaveLength(1);
      expect(await world.leftBehind(server, id)).toEqual([]);
    },
    END_IS_WORKED_OUT_MS,
  );

  test.concurrent.each(['before stop 1', 'after stop 1', 'before cancel 1', 'after cancel 1', 'before ended 1'])(
    '%s of a run that is stopped keeps a stop it has stored, and no other',
    async (at) => {
      await using world = openCrashWorld();
      const armed = await world.startArmed(at);
      const { execution_id: id } = (await world.submit(armed, DEAF, 1))!;
      await world.pidOf(id, 'command');
      await stop(armed, id).catch(() => undefined);
      await armed.reached;
      const server = await world.start();
      if (at === 'before stop 1') {
        expect((await server.until(id, () => true)).status).toBe('RUNNING');
        await stop(server, id);
      }
      const status = await server.finished(id);
      expect(endOf(status)).toBe('STOPPED 130');
      expect(status.cancel!.confirmed).toBeDefined();
      expect((await readWholeLog(server, id)).completeness).toBe('complete');
      expect(world.starts()).toBe(1);
      expect(await world.leftBehind(server, id)).toEqual([]);
    },
    END_IS_WORKED_OUT_MS,
  );

  test.concurrent('before its run’s command ends learns of the end when it is back', async () => {
    await using world = openCrashWorld();
    const first = await world.start();
    const gate = newGate(join(world.dataDir, '..'));
    const command = `echo before; read x < ${gate.path}; echo after; exit 3`;
    const { execution_id: id } = (await world.submit(first, command))!;
    const pid = await world.pidOf(id, 'command');
    await first.kill();
    gate.open();
    await poll(() => (isAlive(pid) ? undefined : true));
    const server = await world.start();
    expect(endOf(await server.finished(id))).toBe('FAILED 3');
    await expectWhole(server, id, ['before', 'after']);
    expect(await world.leftBehind(server, id)).toEqual([]);
  });

  test.concurrent(
    'while a command writes 10,000 lines a second keeps every line once, in order',
    async () => {
      await using world = openCrashWorld();
      const armed = await world.startArmed('after batch 10');
      const { execution_id: id } = (await world.submit(armed, CHATTER))!;
      await armed.reached;
      const server = await world.start();
      expect(endOf(await server.finished(id))).toBe('SUCCEEDED 0');
      await expectWhole(server, id, CHATTERED);
      expect(await world.leftBehind(server, id)).toEqual([]);
    },
    END_IS_WORKED_OUT_MS,
  );
});

/** 100 lines every 10 ms for three seconds. */
const CHATTERED = Array.from({ length: 30_000 }, (_, i) => `line ${i + 1} of a chatty command`);
const CHATTER = `exec '${process.execPath}' -e '
let sent = 0, due = Date.now();
const tick = () => {
  let text = "";
  for (const last = sent + 100; sent < last;) text += "line " + (sent += 1) + " of a chatty command\\n";
  process.stdout.write(text);
  due += 10;
  if (sent < 30000) setTimeout(tick, due - Date.now());
};
tick();'`;

describe('an acknowledgement that is lost', () => {
  test.concurrent('before more lines are written and the batch is sent again doubles and loses nothing', async () => {
    await using world = openCrashWorld();
    const server = await world.startArmed('after batch 2', 'lose');
    const { execution_id: id } = (await world.submit(server, TALK))!;
    await server.reached;
    expect(endOf(await server.finished(id))).toBe('FAILED 7');
    await expectWhole(server, id, LINES);
    expect(world.starts()).toBe(1);
    expect(await world.leftBehind(server, id)).toEqual([]);
  });

  test.concurrent.each(['after bootstrapped 1', 'after finished 1'])('%s is answered the same again', async (at) => {
    await using world = openCrashWorld();
    const server = await world.startArmed(at, 'lose');
    const { execution_id: id } = (await world.submit(server, TALK))!;
    await server.reached;
    expect(endOf(await server.finished(id))).toBe('FAILED 7');
    await expectWhole(server, id, LINES);
    expect(world.starts()).toBe(1);
    expect(await world.leftBehind(server, id)).toEqual([]);
  });
});

describe('a spawner that is killed', () => {
  test.concurrent.each([
    'before stored 1',
    'before spawned 1',
    'after spawned 1',
    'after bootstrapped 1',
    'after batch 5',
  ])(
    '%s is replaced, and the run starts once and ends as if nothing had been',
    async (at) => {
      await using world = openCrashWorld();
      const server = await world.startArmed(at, 'pause');
      const submitted = world.submit(server, TALK);
      await server.reached;
      process.kill(await childOf(server.process.pid!, 'job-runner/spawner'), 'SIGKILL');
      server.resume();
      const { execution_id: id } = (await submitted)!;
      expect(endOf(await server.finished(id))).toBe('FAILED 7');
      await expectWhole(server, id, LINES);
      expect(world.starts()).toBe(1);
      expect(await world.leftBehind(server, id)).toEqual([]);
    },
    END_IS_WORKED_OUT_MS,
  );
});

describe('a waiting supervisor that is killed', () => {
  test.concurrent('before it is given an order costs nothing: another takes it', async () => {
    await using world = openCrashWorld();
    const server = await world.startArmed('before spawned 1', 'pause');
    const submitted = world.submit(server, TALK);
    await server.reached;
    const spawner = await childOf(server.process.pid!, 'job-runner/spawner');
    process.kill(await childOf(spawner, 'sandbox-runner'), 'SIGKILL');
    server.resume();
    const { execution_id: id } = (await submitted)!;
    expect(endOf(await server.finished(id))).toBe('FAILED 7');
    await expectWhole(server, id, LINES);
    expect(world.starts()).toBe(1);
    expect(await world.leftBehind(server, id)).toEqual([]);
  });
});

describe('a supervisor that is killed', () => {
  test.concurrent.each([
    ['before bootstrapped 1', [0]],
    ['after bootstrapped 1', [0]],
    // The runner's own first lines: the command may begin at the same time.
    ['before batch 1', [0, 1]],
    ['after batch 1', [0, 1]],
    ['after batch 5', [1]],
  ])(
    '%s leaves a run that FAILED, lost, with the lines until then, unproven',
    async (at, starts) => {
      await using world = openCrashWorld();
      const server = await world.startArmed(at, 'pause');
      const { execution_id: id } = (await world.submit(server, TALK))!;
      await server.reached;
      process.kill(await world.pidOf(id, 'supervisor'), 'SIGKILL');
      server.resume();
      expect(endOf(await server.finished(id))).toBe('FAILED 1 lost');
      await expectUnproven(server, id, LINES);
      expect(starts).toContain(world.starts());
      expect(await world.leftBehind(server, id)).toEqual([]);
    },
    END_IS_WORKED_OUT_MS,
  );

  test.concurrent(
    'together with its server leaves a run that FAILED, lost, once a server is back',
    async () => {
      await using world = openCrashWorld();
      const armed = await world.startArmed('after batch 5');
      const { execution_id: id } = (await world.submit(armed, DEAF))!;
      const [supervisor, command] = [await world.pidOf(id, 'supervisor'), await world.pidOf(id, 'command')];
      process.kill(supervisor, 'SIGKILL');
      await armed.kill();
      expect(isAlive(command)).toBe(true);
      const server = await world.start();
      expect(endOf(await server.finished(id))).toBe('FAILED 1 lost');
      expect(isAlive(command)).toBe(false);
      await expectUnproven(server, id, ['deaf']);
      expect(await world.leftBehind(server, id)).toEqual([]);
    },
    END_IS_WORKED_OUT_MS,
  );

  test.concurrent(
    'after its run’s stop is stored leaves a run that is STOPPED when its deaf command is gone',
    async () => {
      await using world = openCrashWorld();
      const server = await world.startArmed('after stop 1', 'pause');
      const { execution_id: id } = (await world.submit(server, DEAF, 1))!;
      const command = await world.pidOf(id, 'command');
      await running(server, id);
      const stopping = stop(server, id);
      await server.reached;
      process.kill(await world.pidOf(id, 'supervisor'), 'SIGKILL');
      server.resume();
      await stopping;
      expect(endOf(await server.finished(id))).toBe('STOPPED 130');
      expect(isAlive(command)).toBe(false);
      await expectUnproven(server, id, ['deaf']);
      expect(await world.leftBehind(server, id)).toEqual([]);
    },
    END_IS_WORKED_OUT_MS,
  );

  test.concurrent.each(['before finished 1', 'after finished 1', 'before ended 1'])(
    '%s, when its command has ended, changes nothing',
    async (at) => {
      await using world = openCrashWorld();
      const server = await world.startArmed(at, 'pause');
      const { execution_id: id } = (await world.submit(server, TALK))!;
      await server.reached;
      killIfAlive(await world.pidOf(id, 'supervisor'));
      server.resume();
      expect(endOf(await server.finished(id))).toBe('FAILED 7');
      await expectWhole(server, id, LINES);
      expect(await world.leftBehind(server, id)).toEqual([]);
    },
    END_IS_WORKED_OUT_MS,
  );
});

describe('a command that is killed', () => {
  test.concurrent('by somebody else ends its run with that signal, its log whole', async () => {
    await using world = openCrashWorld();
    const server = await world.start();
    const { execution_id: id } = (await world.submit(server, DEAF))!;
    await poll(async () => ((await readWholeLog(server, id)).output.length > 0 ? true : undefined));
    process.kill(await world.pidOf(id, 'command'), 'SIGKILL');
    expect(endOf(await server.finished(id))).toBe('FAILED 137');
    await expectWhole(server, id, ['deaf']);
    expect(await world.leftBehind(server, id)).toEqual([]);
  });

  test.concurrent('after its stop has been signalled ends as STOPPED', async () => {
    await using world = openCrashWorld();
    const server = await world.start();
    const { execution_id: id } = (await world.submit(server, DEAF, 30))!;
    const command = await world.pidOf(id, 'command');
    await running(server, id);
    await stop(server, id);
    await server.until(id, ({ cancel }) => cancel?.signalled !== undefined);
    process.kill(command, 'SIGKILL');
    expect(endOf(await server.finished(id))).toBe('STOPPED 130');
    await expectWhole(server, id, ['deaf']);
    expect(await world.leftBehind(server, id)).toEqual([]);
  });

  test.concurrent('together with its server ends its run with that signal once a server is back', async () => {
    await using world = openCrashWorld();
    const armed = await world.startArmed('after batch 5');
    const { execution_id: id } = (await world.submit(armed, TALK))!;
    const command = await world.pidOf(id, 'command');
    await armed.reached;
    process.kill(command, 'SIGKILL');
    const server = await world.start();
    expect(endOf(await server.finished(id))).toBe('FAILED 137');
    const { output } = await readWholeLog(server, id);
    await expectWhole(server, id, LINES.slice(0, output.length));
    expect(await world.leftBehind(server, id)).toEqual([]);
  });
});

/** A dead process whose parent died before it waits for init to be reaped: that is no life. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function killIfAlive(pid: number): void {
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
}

/** The child of `parent` whose command line names `program`, once there is one. */
function childOf(parent: number, program: string): Promise<number> {
  return poll(() => {
    const { stdout } = spawnSync('pgrep', ['-P', String(parent), '-f', program], { encoding: 'utf8' });
    return stdout.trim() === '' ? undefined : Number(stdout);
  });
}
