import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface DiskFault {
  /** Names of system calls, parted by commas. */
  readonly calls: string;
  /** Which of these calls fails, counted from 1. */
  readonly nth: number;
  readonly error: 'ENOSPC' | 'EIO';
  /** `once`: the calls after it succeed. `until healed`: so do none. */
  readonly lasts: 'once' | 'until healed';
}

/** Processes whose disk is about to fail. */
export interface FailingDisk extends AsyncDisposable {
  /** Resolves when the first call has failed. */
  readonly failed: Promise<void>;
  /** How many calls have failed so far. */
  readonly failures: number;
  /** Lets the processes alone; their disk is well again. */
  heal(): Promise<void>;
}

/**
 * Makes calls of living processes fail, those on `files` or all, as the kernel would make them fail: the process is traced, and the
 * call never happens. Nothing inside the process knows. It reaches the first thread of each, which is where SQLite and everything
 * synchronous works; the calls of each process are counted apart.
 */
export async function failDisk(
  pids: readonly number[],
  fault: DiskFault,
  files: readonly string[] = [],
): Promise<FailingDisk> {
  const when = fault.lasts === 'once' ? String(fault.nth) : `${fault.nth}+`;
  const tracer = spawn(
    'strace',
    [
      ...pids.flatMap((pid) => ['-p', String(pid)]),
      ...files.flatMap((file) => ['-P', file]),
      '-e',
      `trace=${fault.calls}`,
      '-e',
      `inject=${fault.calls}:error=${fault.error}:when=${when}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const lines = createInterface({ input: tracer.stderr });
  const failed = Promise.withResolvers<void>();
  let failures = 0;
  const attached = Promise.withResolvers<void>();
  let isAttachedTo = 0;
  tracer.once('error', attached.reject);
  tracer.once('exit', () => attached.reject(new Error('strace ended at once')));
  lines.on('line', (line) => {
    if (line.includes(' attached') && ++isAttachedTo === pids.length) attached.resolve();
    if (!line.includes('(INJECTED)')) return;
    failures += 1;
    failed.resolve();
  });
  await attached.promise;
  const heal = async () => {
    if (tracer.exitCode !== null || tracer.signalCode !== null) return;
    const gone = once(tracer, 'close');
    // It lets the traced process go first.
    tracer.kill('SIGINT');
    await gone;
  };
  return {
    failed: failed.promise,
    get failures() {
      return failures;
    },
    heal,
    [Symbol.asyncDispose]: heal,
  };
}

/** Why no disk can be made to fail here. Where nothing may be missing, the tests run and fail. */
export function whyNoFailingDisk(): string | undefined {
  if (process.env['RUNVOY_REQUIRE_ALL'] === '1') return undefined;
  const { status, error, stderr } = spawnSync('strace', ['-e', 'trace=none', 'true'], { encoding: 'utf8' });
  if (error) return 'no strace on this machine';
  return status === 0 ? undefined : `strace may not trace here: ${stderr.trim().split('\n')[0]}`;
}
