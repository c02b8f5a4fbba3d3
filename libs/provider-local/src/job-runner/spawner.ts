import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { jsonLines } from '@runvoy/protocol/json-lines';
import type { SpawnReport, SpawnRequest } from './spawn-orders.ts';

// A process of its own that imports next to nothing: forking costs what the parent has in memory, and the server has much.
// It ends with its standard input; the supervisors are in sessions of their own and do not notice.

const [runnerMain, poolDirectory] = process.argv.slice(2) as [string, string];

/** A supervisor that waits for its order. */
interface Idle {
  readonly child: ChildProcess;
  readonly log: string;
}

/** After an order, so that getting the next supervisor ready does not slow the first steps of that run. */
const REPLENISH_MS = 150;

const NODE_OPTIONS = [
  // A supervisor keeps a few MiB alive whatever its command prints; left to itself, the heap would still grow to hundreds.
  '--max-semi-space-size=4',
  '--max-old-space-size=192',
  // By that signal anybody who may send one would get a debugger inside, and with it the run's secrets.
  '--disable-sigusr1',
];

let idle: Idle | undefined;
let replenish: NodeJS.Timeout | undefined;
let made = 0;

mkdirSync(poolDirectory, { recursive: true, mode: 0o700 });
// Left by supervisors that waited when an earlier spawner died: they have gone with it, or have their files open.
for (const name of readdirSync(poolDirectory)) rmSync(join(poolDirectory, name), { force: true });

process.stdout.on('error', () => process.exit(0));
const report = (line: SpawnReport) => process.stdout.write(`${JSON.stringify(line)}\n`);

function makeIdle(): Idle {
  made += 1;
  const log = join(poolDirectory, `${process.pid}.${made}.log`);
  const logFd = openSync(log, 'a', 0o600);
  const child = spawn(process.execPath, [...NODE_OPTIONS, runnerMain], {
    cwd: poolDirectory,
    env: process.env,
    stdio: ['pipe', logFd, logFd],
    detached: true,
  });
  closeSync(logFd);
  child.stdin!.on('error', () => undefined);
  child.once('error', () => undefined);
  child.once('exit', () => {
    if (idle?.child !== child) return;
    idle = undefined;
    rmSync(log, { force: true });
  });
  return { child, log };
}

function handOver({ key, order }: SpawnRequest): void {
  // First, because it may fail, and a supervisor that was taken and got no order would wait for ever.
  mkdirSync(order.run_dir, { recursive: true, mode: 0o700 });
  const { child, log } = idle ?? makeIdle();
  idle = undefined;
  clearTimeout(replenish);
  replenish = setTimeout(() => (idle ??= makeIdle()), REPLENISH_MS);
  if (child.pid === undefined) {
    child.once('error', (error) => report({ event: 'failed', key, why: error.message }));
    return;
  }
  child.once('exit', (code, signal) => report({ event: 'exited', key, code, signal }));
  const logInPlace = join(order.run_dir, 'supervisor.log');
  try {
    renameSync(log, logInPlace);
  } catch {
    // Swept away by another spawner. One has to be there all the same: when it is missing, the command has taken it away.
    try {
      closeSync(openSync(logInPlace, 'a', 0o600));
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }
  child.stdin!.end(`${JSON.stringify(order)}\n`);
  report({ event: 'spawned', key, pid: child.pid });
}

idle = makeIdle();
for await (const line of jsonLines(process.stdin)) {
  const request = JSON.parse(line) as SpawnRequest;
  try {
    handOver(request);
  } catch (error) {
    report({ event: 'failed', key: request.key, why: (error as Error).message });
  }
}
clearTimeout(replenish);
if (idle) {
  // Waited for, so that nothing of ours is left, or still writes, when the server says that it has ended.
  idle.child.once('exit', () => process.exit(0));
  idle.child.stdin!.end();
  setTimeout(() => idle?.child.kill('SIGKILL'), 1_000);
} else process.exit(0);
