import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type SigningKeys, runnerSession, verifyRunnerMessage } from '@runvoy/core';
import type { BootstrapAnswer, SafetyLaneEntry } from '@runvoy/protocol';
import { whyNoBubblewrap } from './bubblewrap-here.ts';
import { COMPILED } from './compiled.ts';
import { type FakeIntake, bootstrapAnswer, openFakeIntake } from './fake-intake.ts';
import { until } from './until.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
/** Debian's package busybox-static puts it here. */
export const STATIC_SHELL = '/bin/busybox';

export const KEYS: SigningKeys = { current: { id: 'k7', secret: Buffer.alloc(32, 7) } };

/** What of a task the tests vary. */
export interface TaskOptions {
  /** The user of the image. */
  readonly uid?: number;
  /** Whether the containers see each other's processes. */
  readonly sharedProcesses?: boolean;
  /** Directory with the image's files; undefined: the programs of this machine. */
  readonly rootfs?: string;
  readonly imageEnv?: Readonly<Record<string, string>>;
  readonly answer?: Partial<BootstrapAnswer>;
  /** Where the sidecar's image has its tools, before those of this machine. */
  readonly tools?: string;
  /** Answered to the bootstrap instead. */
  readonly stop?: boolean;
  /** The runner container is only started by `startRunner`. */
  readonly holdRunner?: boolean;
}

export interface Container {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  /** To the container's first process. */
  signal(signal: NodeJS.Signals): void;
}

/** The two containers of one task as Cloud Run would run them, each in a root of its own, with `/runvoy` between them. */
export interface SidecarWorld extends AsyncDisposable {
  readonly executionId: string;
  readonly intake: FakeIntake;
  readonly volume: string;
  readonly sidecar: Container;
  readonly runner: Promise<Container>;
  startRunner(): Promise<Container>;
  /** What the sidecar has printed so far. */
  lane(): SafetyLaneEntry[];
  rawLane(): string;
  /** Whether the last of it is the report. */
  hasLaneEnded(): boolean;
  notes(): string;
  /** Resolves with the exit codes of sidecar and runner. */
  ends(): Promise<[number | null, number | null]>;
}

/** Why tests of the two containers cannot run here. Where nothing may be missing, they run and fail. */
export async function whyNoContainers(): Promise<string | undefined> {
  if (process.env['RUNVOY_REQUIRE_ALL'] !== '1' && !existsSync(STATIC_SHELL))
    return `no static busybox at ${STATIC_SHELL}`;
  return whyNoBubblewrap();
}

export async function openSidecarWorld(command: string, options: TaskOptions = {}): Promise<SidecarWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'runvoy-task-'));
  chmodSync(directory, 0o755);
  const volume = join(directory, 'volume');
  mkdirSync(volume);
  chmodSync(volume, 0o777);
  const executionId = randomBytes(16).toString('hex');
  const session = runnerSession(KEYS, executionId, Date.now() + 86_400_000);
  const answer = bootstrapAnswer(command, { session, image_id: 'alpine:3', ...options.answer });
  const intake = await openFakeIntake('tcp', executionId, options.stop ? { stop: true } : answer);
  const metadata = await openMetadataServer();
  const probe = {
    host: `127.${1 + (randomBytes(1)[0]! % 250)}.${randomBytes(1)[0]}.${1 + (randomBytes(1)[0]! % 250)}`,
    port: await freePort(),
  };

  const sidecar = startContainer(
    [...machineRoot(true), '--bind', volume, '/runvoy', '--die-with-parent', '--', process.execPath, MAIN, 'sidecar'],
    {
      ...COMPILED,
      PATH: `${options.tools ?? ''}:${process.env['PATH'] ?? ''}`,
      RUNVOY_EXECUTION_ID: executionId,
      RUNVOY_ATTEMPT: '2',
      RUNVOY_BOOTSTRAP_TOKEN: 'one-time-token',
      RUNVOY_INTAKE_URL: intake.socket,
      CLOUD_RUN_EXECUTION: 'rv-profile-x7k2p',
      GCE_METADATA_HOST: metadata.host,
      RUNVOY_PROBE_HOST: probe.host,
      RUNVOY_PROBE_PORT: String(probe.port),
      RUNVOY_STATIC_SHELL: STATIC_SHELL,
      SIDECAR_ONLY: 'not for commands',
    },
    0,
  );
  const printed: Buffer[] = [];
  let notes = '';
  sidecar.process.stdout!.on('data', (piece: Buffer) => printed.push(piece));
  sidecar.process.stderr!.on('data', (piece: Buffer) => (notes += piece.toString()));

  const started = Promise.withResolvers<Container>();
  let isOver = false;
  async function startRunner(): Promise<Container> {
    const root = options.rootfs === undefined ? machineRoot(false) : ['--bind', options.rootfs, '/'];
    const pids = options.sharedProcesses
      ? ['--ro-bind', '/proc', '/proc']
      : ['--unshare-pid', '--as-pid-1', '--proc', '/proc'];
    const container = startContainer(
      [
        ...root,
        ...pids,
        '--dev',
        '/dev',
        '--bind',
        volume,
        '/runvoy',
        '--die-with-parent',
        '--chdir',
        '/',
        '--',
        '/runvoy/bin/sh',
        '/runvoy/entry.sh',
      ],
      { PATH: '/usr/local/bin:/usr/bin:/bin', IMAGE: 'its own', ...options.imageEnv },
      options.uid ?? 0,
    );
    container.process.stdout!.resume();
    container.process.stderr!.on('data', (piece: Buffer) => (notes += `runner: ${piece.toString()}`));
    started.resolve(container);
    return container;
  }
  void (async () => {
    while (!isOver && !(await isOpen(probe))) await new Promise((resolve) => setTimeout(resolve, 10));
    if (!isOver && !options.holdRunner) await startRunner();
  })();
  void sidecar.exited.then(() => (isOver = true));
  const lane = () =>
    Buffer.concat(printed)
      .toString('utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as SafetyLaneEntry);

  return {
    executionId,
    intake,
    volume,
    sidecar,
    runner: started.promise,
    startRunner,
    lane,
    rawLane: () => Buffer.concat(printed).toString('utf8'),
    hasLaneEnded: () => Buffer.concat(printed.slice(-2)).toString('utf8').includes('{"runvoy":"finished"'),
    notes: () => notes,
    async ends() {
      const runner = await started.promise;
      return Promise.all([sidecar.exited, runner.exited]);
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      const runner = await Promise.race([started.promise, Promise.resolve(undefined)]);
      for (const container of [sidecar, runner]) {
        if (!container) continue;
        container.process.kill('SIGKILL');
        await container.exited;
      }
      await intake.close();
      await metadata.close();
      if (notes.includes('fatal')) console.error(notes);
      await until('the directory to be removable', () => {
        rmSync(directory, { recursive: true, force: true });
        return true;
      });
    },
  };
}

/** Every message of the lane verifies by core's own reader, belongs to this attempt, and the lines stand as a reader would read them. */
export function readLane(world: SidecarWorld) {
  const lane = world.lane();
  for (const entry of lane) {
    if (entry.execution_id !== world.executionId || entry.attempt !== 2)
      throw new Error('somebody else is in the lane');
    const message =
      entry.runvoy === 'logs'
        ? { kind: 'logs' as const, body: entry.body }
        : { kind: 'finished' as const, body: entry.body };
    verifyRunnerMessage(KEYS, Date.now(), world.executionId, message);
  }
  const lines = lane.flatMap((entry) => (entry.runvoy === 'logs' ? entry.body.lines : []));
  const finished = lane.flatMap((entry) => (entry.runvoy === 'finished' ? [entry.body] : []));
  return {
    lines,
    texts: (stream: string) => lines.filter((line) => line.stream === stream).map(({ text }) => text),
    finished,
  };
}

function startContainer(args: string[], env: Record<string, string>, uid: number): Container {
  const clean = Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]);
  const child = spawn('bwrap', ['--clearenv', ...clean, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== 0 && { uid, gid: uid }),
  });
  return {
    process: child,
    exited: new Promise((resolve) => child.on('close', resolve)),
    signal(signal) {
      const first = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0];
      process.kill(Number(first), signal);
    },
  };
}

/** This machine's files, as if they were an image. */
function machineRoot(writable: boolean): string[] {
  const bind = writable ? '--bind' : '--ro-bind';
  const own = ['proc', 'dev', 'sys', 'runvoy', ...(writable ? [] : ['tmp'])];
  const entries = readdirSync('/')
    .filter((name) => !own.includes(name))
    .flatMap((name) => {
      const path = `/${name}`;
      if (lstatSync(path).isSymbolicLink()) return ['--symlink', readlinkSync(path), path];
      return lstatSync(path).isDirectory() ? [bind, path, path] : [];
    });
  return [
    ...entries,
    ...(writable ? ['--dev-bind', '/dev', '/dev', '--ro-bind', '/proc', '/proc'] : ['--tmpfs', '/tmp']),
  ];
}

async function openMetadataServer() {
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url!, 'http://metadata');
    const isRight =
      incoming.headers['metadata-flavor'] === 'Google' &&
      url.searchParams.get('format') === 'full' &&
      url.pathname === '/computeMetadata/v1/instance/service-accounts/default/identity';
    outgoing.writeHead(isRight ? 200 : 403).end(isRight ? `token-for-${url.searchParams.get('audience')}` : 'no');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function isOpen({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => (socket.destroy(), resolve(true)));
    socket.on('error', () => resolve(false));
  });
}
