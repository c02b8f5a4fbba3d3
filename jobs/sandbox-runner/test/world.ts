import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BootstrapAnswer } from '@runvoy/protocol';
import type { RunOrder } from '../src/order.ts';
import { COMPILED } from './compiled.ts';
import { type FakeIntake, bootstrapAnswer, openFakeIntake } from './fake-intake.ts';
import { until } from './until.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** One supervisor process with a fake intake and a directory of its own. */
export interface World extends AsyncDisposable {
  readonly directory: string;
  readonly runDir: string;
  readonly executionId: string;
  readonly intake: FakeIntake;
  readonly supervisor: ChildProcess;
  /** Resolves with the supervisor's exit code. */
  readonly exited: Promise<number | null>;
  /** Hands the order over. */
  order(more?: Partial<RunOrder>): void;
  file(name: string): string;
  json(name: string): Record<string, unknown> | undefined;
}

/** `log`: where the supervisor's own words go instead of to this process. */
export async function openWorld(
  answer: BootstrapAnswer | { stop: true } | string,
  { log }: { readonly log?: number } = {},
): Promise<World> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'runvoy-runner-')));
  const executionId = randomBytes(16).toString('hex');
  const runDir = join(directory, 'run');
  const intake = await openFakeIntake(
    join(directory, 'intake.sock'),
    executionId,
    typeof answer === 'string' ? bootstrapAnswer(answer) : answer,
  );
  const supervisor = spawn(process.execPath, ['--disable-sigusr1', MAIN], {
    cwd: directory,
    detached: true,
    stdio: ['pipe', 'ignore', log ?? 'pipe'],
    env: { ...COMPILED, PATH: process.env['PATH'] ?? '', SUPERVISOR_ONLY: 'not for commands' },
  });
  let complaints = '';
  supervisor.stderr?.on('data', (piece: Buffer) => (complaints += piece.toString()));
  const exited = new Promise<number | null>((resolve) => supervisor.on('close', resolve));
  const file = (name: string) => join(runDir, name);
  const json = (name: string) =>
    statSync(file(name), { throwIfNoEntry: false })?.isFile()
      ? (JSON.parse(readFileSync(file(name), 'utf8')) as Record<string, unknown>)
      : undefined;

  return {
    directory,
    runDir,
    executionId,
    intake,
    supervisor,
    exited,
    file,
    order(more) {
      const order: RunOrder = {
        execution_id: executionId,
        attempt: 1,
        token: 'one-time-token',
        intake_socket: intake.socket,
        run_dir: runDir,
        isolation: 'process',
        image: 'host',
        cpu: 1_024,
        memory_mib: 512,
        host_env: { PATH: process.env['PATH'] ?? '', HOME: directory, USER: 'somebody', LANG: 'C.UTF-8' },
        ...more,
      };
      supervisor.stdin!.end(`${JSON.stringify(order)}\n`);
    },
    json,
    async [Symbol.asyncDispose]() {
      if (supervisor.exitCode === null && supervisor.signalCode === null) supervisor.kill('SIGKILL');
      await exited;
      const { pid } = (json('command.json') ?? {}) as { pid?: number };
      if (pid) {
        try {
          process.kill(-pid, 'SIGKILL');
        } catch {
          // Gone, as it should be.
        }
      }
      await intake.close();
      if (complaints.includes('fatal')) console.error(complaints);
      await until('the directory to be removable', () => {
        rmSync(directory, { recursive: true, force: true });
        return true;
      });
    },
  };
}

/** Gives the order, waits for the end, and answers with what was reported. */
export async function runToEnd(world: World): Promise<number | null> {
  world.order();
  return world.exited;
}
