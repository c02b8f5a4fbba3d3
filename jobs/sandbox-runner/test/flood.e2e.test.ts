import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, jest, test } from '@jest/globals';
import type { LogBackpressure } from '@runvoy/protocol';
import { COMPILED } from './compiled.ts';
import { bootstrapAnswer } from './fake-intake.ts';
import { openFloodIntake } from './flood-intake.ts';

/** `npm run test:chaos -- --flood 2048` writes gigabytes; here it is as much as is more than any buffer. */
const MIB = Number(process.env['RUNVOY_FLOOD_MIB'] ?? 32);
const isLong = MIB > 100;
jest.setTimeout(isLong ? 1_200_000 : 90_000);

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
/** Long enough, when it is long, to have it told that the command is slowed. */
const PHASE_MS = isLong ? 6_000 : 500;
const LINE_BYTES = isLong ? 1_000 : 200;
/**
 * What a runner may take more than it had when it had started nothing yet. It keeps 4 MiB of what waits; the rest is garbage that is not
 * collected yet, and does not grow with what is written.
 */
const MORE_MIB = 160;

/** The SHA-256 of what the command writes: numbered lines, cut where `head` cuts them. */
function writtenSha256(bytes: number): string {
  const hash = createHash('sha256');
  let left = bytes;
  for (let nth = 1; left > 0; nth += 1) {
    const line = `${String(nth).padStart(LINE_BYTES - 1, '0')}\n`;
    hash.update(line.length <= left ? line : line.slice(0, left));
    left -= line.length;
  }
  return hash.digest('hex');
}

/** NaN when it has left. */
function memoryMib({ pid }: ChildProcess, field: 'VmRSS' | 'VmHWM'): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1_024;
  } catch {
    return NaN;
  }
}

test.each<LogBackpressure>(['spool', 'slow'])(
  `${MIB} MiB written without pause to a server that is away, then slow, then busy, under "%s": all of it is stored once and in order, and memory stays flat`,
  async (log_backpressure) => {
    const directory = realpathSync(mkdtempSync(join(tmpdir(), 'runvoy-flood-')));
    const runDir = join(directory, 'run');
    const executionId = randomBytes(16).toString('hex');
    const bytes = MIB * 1024 * 1024;
    const answer = bootstrapAnswer(
      `seq -f '%0${LINE_BYTES - 1}.0f' 1 ${Math.ceil(bytes / LINE_BYTES)} | head -c ${bytes}; echo "$?" > ../wrote`,
    );
    const limits = { timeout_s: 1_200, grace_ms: 1_000, max_log_bytes: 2 * bytes, log_backpressure };
    const socket = join(directory, 'intake.sock');
    await using intake = await openFloodIntake(socket, { ...answer, limits }, [
      { mood: 'away', ms: 4 * PHASE_MS },
      { mood: 'slow', ms: PHASE_MS },
      { mood: 'busy', ms: PHASE_MS },
      { mood: 'well', ms: 0 },
    ]);
    const supervisor = spawn(process.execPath, ['--disable-sigusr1', MAIN], {
      cwd: directory,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...COMPILED, PATH: process.env['PATH'] ?? '' },
    });
    try {
      const exited = new Promise<number | null>((resolve) => supervisor.on('close', resolve));
      const began = Date.now();
      const order = {
        execution_id: executionId,
        attempt: 1,
        token: 'one-time-token',
        intake_socket: socket,
        run_dir: runDir,
        isolation: 'process',
        image: 'host',
        cpu: 1_024,
        memory_mib: 512,
        host_env: { PATH: process.env['PATH'] ?? '', HOME: directory, USER: 'somebody', LANG: 'C.UTF-8' },
      };
      supervisor.stdin.end(`${JSON.stringify(order)}\n`);
      await intake.booted;
      const before = memoryMib(supervisor, 'VmRSS');
      let peak = before;
      let wroteMs: number | undefined;
      const watch = setInterval(() => {
        if (statSync(join(runDir, 'wrote'), { throwIfNoEntry: false })) wroteMs ??= Date.now() - began;
        peak = Math.max(peak, memoryMib(supervisor, 'VmHWM') || peak);
      }, 50);
      expect(await exited).toBe(0);
      clearInterval(watch);
      const spoolMib = statSync(join(runDir, 'spool.jsonl')).size / 2 ** 20;
      if (isLong) {
        const seconds = (ms: number) => (ms / 1_000).toFixed(1);
        console.log(
          `${log_backpressure}: ${MIB} MiB, the command wrote for ${seconds(wroteMs ?? NaN)} s, all stored after ${seconds(Date.now() - began)} s; runner ${before.toFixed(0)} MiB, at most ${peak.toFixed(0)} MiB; spool ${spoolMib.toFixed(0)} MiB; ${intake.again} batches came again\n${intake.system.join('\n')}`,
        );
      }

      expect(intake.beyond).toBe(0);
      expect(intake.stdoutSha256()).toBe(writtenSha256(bytes));
      expect(intake.finished).toHaveLength(1);
      expect(intake.finished[0]).toMatchObject({
        cause: 'exited',
        exit_code: 0,
        lines: intake.lines,
        sha256: intake.rowsSha256(),
      });
      expect(peak - before).toBeLessThan(MORE_MIB);
    } finally {
      supervisor.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);
