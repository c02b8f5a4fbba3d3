import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { endOf, openCrashWorld, readWholeLog, type CrashWorld } from './crash-world.ts';
import { skippedFor, whyNo } from './isolation-here.ts';
import { poll, type Server } from './server.ts';

// Real containers on a machine that may be busy with others.
jest.setTimeout(90_000);

const why = await whyNo('container');
const here = why === undefined ? describe : describe.skip;

const LINES = Array.from({ length: 40 }, (_, i) => `line ${i + 1}`);
/** Speaks for some seconds, whether or not anybody listens. */
const TALK = 'i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "line $i"; sleep 0.1; done; exit 7';
/** Ends only when it is killed, and leaves its session. */
const DEAF = `trap '' TERM; setsid sh -c 'trap "" TERM; while :; do sleep 0.1; done' & echo deaf; while :; do sleep 0.1; done`;

async function begin(world: CrashWorld, command: string, grace?: number): Promise<{ server: Server; id: string }> {
  const server = await world.start();
  const { execution_id: id } = (await world.submit(server, command, grace))!;
  return { server, id };
}

const spoke = (server: Server, id: string) =>
  poll(async () => ((await readWholeLog(server, id)).output.length > 0 ? true : undefined));

/** Engines by which the product may have run it: what is asked here is the engine's own word. */
function containersOf(id: string): string[] {
  const [program, ...options] = engineOf(id);
  const args = ['ps', '--all', '--quiet', '--no-trunc', '--filter', `label=dev.runvoy.execution=${id}`];
  return execFileSync(program!, [...options, ...args], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
}

const engines = new Map<string, readonly string[]>();
const engineOf = (id: string) => engines.get(id) ?? [];

/** Remembers how the container was made: the run's directory is gone at the end. */
function noteEngine(world: CrashWorld, id: string): void {
  const path = join(world.dataDir, 'runs', id, '1', 'supervisor.json');
  engines.set(id, (JSON.parse(readFileSync(path, 'utf8')) as { engine: string[] }).engine);
}

/** Processes, files, and containers that the engine still knows. */
async function leftBehind(world: CrashWorld, server: Server, id: string): Promise<string[]> {
  return [...(await world.leftBehind(server, id)), ...containersOf(id).map((container) => `container ${container}`)];
}

/** Takes calls and never answers; `asked` resolves with the first. */
async function openSilentRegistry(): Promise<AsyncDisposable & { port: number; asked: Promise<unknown> }> {
  const registry = createServer();
  const calls = new Set<Socket>();
  registry.on('connection', (call) => calls.add(call.on('error', () => undefined)));
  const asked = once(registry, 'connection');
  await once(registry.listen(0, 'localhost'), 'listening');
  return {
    port: (registry.address() as AddressInfo).port,
    asked,
    async [Symbol.asyncDispose]() {
      for (const call of calls) call.destroy();
      await once(registry.close(), 'close');
    },
  };
}

async function expectBeginning(server: Server, id: string, all: readonly string[]): Promise<void> {
  const log = await readWholeLog(server, id);
  expect(log.output).toEqual(all.slice(0, log.output.length));
  // Until its settle window is over.
  expect(['unproven', 'running']).toContain(log.completeness);
}

here(`a run in a container${skippedFor(why)}`, () => {
  test('whose supervisor is killed FAILED, lost, and ends with it: nothing of it is left', async () => {
    await using world = openCrashWorld('container');
    const { server, id } = await begin(world, DEAF);
    await spoke(server, id);
    noteEngine(world, id);
    expect(containersOf(id)).toHaveLength(1);
    process.kill(await world.pidOf(id, 'supervisor'), 'SIGKILL');
    expect(endOf(await server.finished(id))).toBe('FAILED 1 lost');
    expect(containersOf(id)).toEqual([]);
    await expectBeginning(server, id, ['deaf']);
    expect(await leftBehind(world, server, id)).toEqual([]);
  });

  test('whose supervisor is killed while the container is being made leaves none', async () => {
    await using world = openCrashWorld('container');
    const { server, id } = await begin(world, TALK);
    const supervisor = await world.pidOf(id, 'supervisor');
    // The engine's program is at work; whether there is a container yet, nobody knows.
    await world.pidOf(id, 'command');
    noteEngine(world, id);
    process.kill(supervisor, 'SIGKILL');
    expect(endOf(await server.finished(id))).toBe('FAILED 1 lost');
    expect(await leftBehind(world, server, id)).toEqual([]);
  });

  test('whose supervisor is killed while its image is being pulled leaves nobody who pulls', async () => {
    await using world = openCrashWorld('container');
    await using registry = await openSilentRegistry();
    const server = await world.start();
    const image = `localhost:${registry.port}/silent:1`;
    await server.call('POST', '/api/v1/images/register', { image });
    const { execution_id: id } = await server.run({ image, command: TALK });
    await registry.asked;
    const pull = await world.pidOf(id, 'command');
    noteEngine(world, id);
    process.kill(await world.pidOf(id, 'supervisor'), 'SIGKILL');
    expect(endOf(await server.finished(id))).toBe('FAILED 1 lost');
    // Bounded: while the registry is silent, a pull does not end by itself.
    await poll(() => (existsSync(`/proc/${pull}`) ? undefined : true));
    expect(await leftBehind(world, server, id)).toEqual([]);
  });

  test('that keeps its first process from ending when its supervisor is killed is found by its label and removed', async () => {
    await using world = openCrashWorld('container');
    const { server, id } = await begin(world, DEAF);
    await spoke(server, id);
    noteEngine(world, id);
    const [program, ...options] = engineOf(id);
    const format = '{{.State.Pid}}';
    const pid = execFileSync(program!, [...options, 'inspect', '--format', format, ...containersOf(id)]).toString();
    // As a command could by tracing it.
    process.kill(Number(pid), 'SIGSTOP');
    process.kill(await world.pidOf(id, 'supervisor'), 'SIGKILL');
    expect(endOf(await server.finished(id))).toBe('FAILED 1 lost');
    expect(containersOf(id)).toEqual([]);
    expect(await leftBehind(world, server, id)).toEqual([]);
  });

  test('whose supervisor is killed together with the server FAILED, lost, once a server is back', async () => {
    await using world = openCrashWorld('container');
    const { server: first, id } = await begin(world, DEAF);
    await spoke(first, id);
    noteEngine(world, id);
    process.kill(await world.pidOf(id, 'supervisor'), 'SIGKILL');
    await first.kill();
    const server = await world.start();
    expect(endOf(await server.finished(id))).toBe('FAILED 1 lost');
    await expectBeginning(server, id, ['deaf']);
    expect(await leftBehind(world, server, id)).toEqual([]);
  });

  test('whose server is killed goes on, and a new server finds its end and its whole log', async () => {
    await using world = openCrashWorld('container');
    const { server: first, id } = await begin(world, TALK);
    await spoke(first, id);
    noteEngine(world, id);
    await first.kill();
    const server = await world.start();
    expect(endOf(await server.finished(id))).toBe('FAILED 7');
    const log = await readWholeLog(server, id);
    expect(log.output).toEqual(LINES);
    expect(log.completeness).toBe('complete');
    expect(await leftBehind(world, server, id)).toEqual([]);
  });

  test('whose engine’s program is killed goes on to its own end, its log whole', async () => {
    await using world = openCrashWorld('container');
    const { server, id } = await begin(world, TALK);
    await spoke(server, id);
    noteEngine(world, id);
    process.kill(await world.pidOf(id, 'command'), 'SIGKILL');
    expect(endOf(await server.finished(id))).toBe('FAILED 7');
    expect((await readWholeLog(server, id)).output).toEqual(LINES);
    expect(await leftBehind(world, server, id)).toEqual([]);
  });

  test('that is stopped while its supervisor is killed is STOPPED when its container is gone', async () => {
    await using world = openCrashWorld('container');
    const { server, id } = await begin(world, DEAF, 30);
    await spoke(server, id);
    noteEngine(world, id);
    await server.call('DELETE', `/api/v1/executions/${id}`);
    process.kill(await world.pidOf(id, 'supervisor'), 'SIGKILL');
    expect(endOf(await server.finished(id))).toBe('STOPPED 130');
    expect(containersOf(id)).toEqual([]);
    expect(await leftBehind(world, server, id)).toEqual([]);
  });

  test('leaves no pipe behind once it has begun', async () => {
    await using world = openCrashWorld('container');
    const { server, id } = await begin(world, DEAF, 1);
    await spoke(server, id);
    noteEngine(world, id);
    expect(existsSync(join(world.dataDir, 'runs', id, '1', 'pipes'))).toBe(false);
    await server.call('DELETE', `/api/v1/executions/${id}`);
    expect(endOf(await server.finished(id))).toBe('STOPPED 130');
    expect(await leftBehind(world, server, id)).toEqual([]);
  });
});
