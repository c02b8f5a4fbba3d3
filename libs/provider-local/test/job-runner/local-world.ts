import { randomBytes } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { type IncomingMessage, createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type StartOrder, systemClock } from '@runvoy/core';
import type { JobRunnerWorld } from '@runvoy/core/contracts';
import type { BootstrapAnswer, LogsMessage } from '@runvoy/protocol';
import { type LocalJobRunner, type LocalJobRunnerOptions, openLocalJobRunner } from '../../src/job-runner.ts';

const RUNNER_MAIN = fileURLToPath(new URL('../../../../jobs/sandbox-runner/src/main.ts', import.meta.url));

/** The local job runner with real supervisors, and an intake that tells them what to run and remembers what they printed. */
export interface LocalWorld extends JobRunnerWorld {
  readonly jobs: LocalJobRunner;
  readonly dataDir: string;
  /** What `onEnded` was told. */
  readonly hints: string[];
  order(command: string, more?: Partial<StartOrder>): StartOrder;
  runDir(order: StartOrder): string;
  /** Closes the job runner, as a server that ends does, and opens another one on the same data. */
  restart(): Promise<LocalJobRunner>;
}

export async function openLocalWorld(
  changed: Partial<Pick<LocalJobRunnerOptions, 'clock' | 'logger'>> = {},
): Promise<LocalWorld> {
  const dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'runvoy-jobs-')));
  const intakeSocket = join(dataDir, 'intake.sock');
  const commands = new Map<string, string>();
  const outputs = new Map<string, Map<number, string>>();
  const hints: string[] = [];

  const server = createServer((incoming, outgoing) => {
    const [, , , , executionId, call] = incoming.url!.split('/') as [string, string, string, string, string, string];
    void readBody(incoming).then((body) => outgoing.end(JSON.stringify(answer(executionId, call, body))));
  });
  await new Promise<void>((resolve) => server.listen(intakeSocket, resolve));

  function answer(executionId: string, call: string, body: string): object {
    if (call === 'bootstrap') return bootstrapAnswer(commands.get(executionId)!);
    if (call !== 'logs') return { deadline: 0 };
    const { lines } = JSON.parse(body) as LogsMessage;
    const output = outputs.get(executionId) ?? new Map<number, string>();
    outputs.set(executionId, output);
    for (const line of lines) if (line.stream !== 'system') output.set(line.seq, line.text);
    return { acked_through: lines.at(-1)!.seq };
  }

  const open = () =>
    openLocalJobRunner({
      dataDir,
      intakeSocket,
      runnerMain: RUNNER_MAIN,
      clock: systemClock,
      onEnded: (executionId) => hints.push(executionId),
      hostEnv: process.env,
      ...changed,
    });
  let jobs = await open();

  return {
    get jobs() {
      return jobs;
    },
    dataDir,
    hints,
    order(command, more) {
      const execution_id = randomBytes(16).toString('hex');
      commands.set(execution_id, command);
      return {
        execution_id,
        attempt: 1,
        token: 'one-time-token',
        isolation: 'process',
        image: 'host',
        cpu: 1,
        memory_mib: 512,
        timeout_s: 60,
        grace_ms: 10_000,
        ...more,
      };
    },
    runDir: ({ execution_id, attempt }) => join(dataDir, 'runs', execution_id, String(attempt)),
    output: (executionId) => [...(outputs.get(executionId) ?? [])].sort(([a], [b]) => a - b).map(([, text]) => text),
    until,
    async restart() {
      await jobs[Symbol.asyncDispose]();
      jobs = await open();
      return jobs;
    },
    async [Symbol.asyncDispose]() {
      for (const { execution_id, attempt } of (await jobs.list({ limit: 1_000 })).executions) {
        await jobs.cancel({ execution_id, attempt }, { grace_ms: 0 });
        await until(
          'the end of what a test left',
          async () => (await jobs.look({ execution_id, attempt })).state !== 'alive',
        );
      }
      await jobs[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function bootstrapAnswer(command: string): BootstrapAnswer {
  return {
    request_id: 'req-1',
    image_id: 'host',
    command,
    env: {},
    secrets: {},
    limits: { timeout_s: 60, grace_ms: 10_000, max_log_bytes: 1 << 30 },
    batch_ms: 10,
    session: { key: 'cd'.repeat(32), key_id: 'k1', expires_at: Date.now() + 86_400_000 },
  };
}

/** Waits for what a test is about; fails, naming it, when it never comes. */
export async function until<T>(
  what: string,
  holds: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const value = await holds();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`never came: ${what}`);
    await pause(10);
  }
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}
