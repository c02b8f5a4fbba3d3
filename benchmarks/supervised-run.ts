import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BootstrapAnswer } from '@runvoy/protocol';
import { usageOf, type ProcessUsage } from './process-usage.ts';
import { openSink } from './sink.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const MAIN = fileURLToPath(new URL('../jobs/sandbox-runner/src/main.ts', import.meta.url));
const RUNNING_OUT_MS = 300_000;

/** What one command cost its runner, from the first batch on to the report. */
export interface SupervisedRun {
  /** CPU of the runner, user and system, s. */
  readonly cpuS: number;
  readonly wallS: number;
  /** The most memory it had, and what it had when the first batch came, bytes. */
  readonly peakBytes: number;
  readonly startBytes: number;
}

/** A real runner with a command, and an intake that takes everything and looks at nothing. */
export async function superviseRun(
  command: string,
  secrets: Readonly<Record<string, string>> = {},
): Promise<SupervisedRun> {
  using directory = temporaryDirectory();
  const first = Promise.withResolvers<ProcessUsage>();
  const last = Promise.withResolvers<ProcessUsage>();
  await using intake = await openSink(join(directory.path, 'intake.sock'), (call) => {
    // Taken while it waits for the answer, so it is alive and has nothing left to do.
    if (call === 'logs') first.resolve(usageOf(supervisor.pid!));
    if (call === 'finished') last.resolve(usageOf(supervisor.pid!));
    return call === 'bootstrap' ? order(command, secrets) : { acked_through: 0, deadline: 0 };
  });
  const supervisor = spawn(process.execPath, ['--disable-sigusr1', MAIN], {
    cwd: directory.path,
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'] ?? '' },
    timeout: RUNNING_OUT_MS,
  });
  supervisor.stdin.end(
    `${JSON.stringify({
      execution_id: '0'.repeat(32),
      attempt: 1,
      token: 'bench',
      intake_socket: intake.socket,
      run_dir: join(directory.path, 'run'),
      isolation: 'process',
      image: 'host',
      cpu: 1_024,
      memory_mib: 512,
      host_env: { PATH: process.env['PATH'] ?? '' },
    })}\n`,
  );
  const exited = once(supervisor, 'exit');
  supervisor.on('exit', () => {
    const gone = new Error('the runner is gone');
    first.reject(gone);
    last.reject(gone);
  });
  const [before, after] = await Promise.all([first.promise, last.promise]);
  await exited;
  return costBetween(before, after);
}

export function costBetween(before: ProcessUsage, after: ProcessUsage): SupervisedRun {
  return {
    cpuS: after.cpuS - before.cpuS,
    wallS: (after.atMs - before.atMs) / 1_000,
    peakBytes: after.peakBytes,
    startBytes: before.peakBytes,
  };
}

function order(command: string, secrets: Readonly<Record<string, string>>): BootstrapAnswer {
  return {
    request_id: 'bench',
    image_id: 'host',
    command,
    env: {},
    secrets,
    limits: { timeout_s: 600, grace_ms: 1_000, max_log_bytes: 2 ** 40 },
    batch_ms: 10,
    session: { key: 'ab'.repeat(32), key_id: 'bench', expires_at: Date.now() + 3_600_000 },
  };
}
