import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { servedDocument } from '@runvoy/orchestrator/contracts';
import type { ExecutionStatusBody, ReadyLine, RunAnswer, RunRequest } from '@runvoy/protocol';
import { isTerminal } from '@runvoy/protocol';

export const STANDALONE_MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
export const CLI_MAIN = fileURLToPath(new URL('../../../clients/cli/src/main.mjs', import.meta.url));

/** What a test asks of a server, through its public API. */
export interface TestApi {
  readonly ready: ReadyLine;
  readonly key: string;
  /** Calls the API; throws on an error status. */
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  run(request: RunRequest | string): Promise<RunAnswer>;
  /** Resolves with the status once it satisfies `is`; asks again each time the log or the state moves. */
  until(id: string, is: (status: ExecutionStatusBody) => boolean): Promise<ExecutionStatusBody>;
  finished(id: string): Promise<ExecutionStatusBody>;
}

/** A real server process on a port of its own, over a data directory that outlives it until the test is done. */
export interface Server extends TestApi, AsyncDisposable {
  readonly process: ChildProcess;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** A fresh private directory for one test. */
export function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'runvoy-e2e-'));
}

/** Starts a server and waits for its ready line. `key`: of an earlier start on the same data; `main`: another wiring of it. */
export async function startServer(
  options: {
    dataDir?: string;
    /** Where an earlier one was; one of the kernel's choice unless told. */
    port?: number;
    env?: Record<string, string>;
    key?: string;
    main?: string;
    /** A program with its arguments that becomes the server, with what it has changed of its process. */
    through?: readonly [string, ...string[]];
  } = {},
): Promise<Server> {
  const dataDir = options.dataDir ?? newDirectory();
  const main = options.main ?? STANDALONE_MAIN;
  const [program, ...words] = [...(options.through ?? []), process.execPath, main] as [string, ...string[]];
  const server = spawn(program, [...words, '--json', '--port', String(options.port ?? 0), '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // What these tests look at from outside, a sandbox hides; those of isolation name another.
    env: { ...process.env, RUNVOY_LOCAL_ISOLATION: 'process', ...options.env },
  });
  const ready = await readyLine(server);
  const exit = async () => {
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    return server.exitCode;
  };
  return {
    ...testApi(ready, options.key ?? ready.api_key ?? ''),
    process: server,
    stop: () => {
      server.kill('SIGTERM');
      return exit();
    },
    kill: async () => {
      server.kill('SIGKILL');
      await exit();
    },
    async [Symbol.asyncDispose]() {
      server.kill('SIGKILL');
      await exit();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The API behind a ready line. An answer that is not as the server's own OpenAPI document says fails the call. */
export function testApi(ready: ReadyLine, key: string): TestApi {
  const document = servedDocument(ready.api_url);
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(ready.api_url + path, {
      method,
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    await document.check({
      method,
      url: path,
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: text,
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
  const until = (id: string, is: (status: ExecutionStatusBody) => boolean) =>
    poll(async () => {
      const status = await call<ExecutionStatusBody>('GET', `/api/v1/executions/${id}/status`);
      return is(status) ? status : undefined;
    });
  return {
    ready,
    key,
    call,
    run: (request) => call('POST', '/api/v1/run', typeof request === 'string' ? { command: request } : request),
    until,
    finished: (id) => until(id, (status) => isTerminal(status.status)),
  };
}

async function readyLine(server: ChildProcess): Promise<ReadyLine> {
  let errors = '';
  server.stderr!.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const lines = createInterface({ input: server.stdout! });
  const line = await Promise.race([
    once(lines, 'line').then(([text]) => text as string),
    once(server, 'exit').then(() => undefined),
  ]);
  if (line === undefined) throw new Error(`The server did not start: ${errors}`);
  return JSON.parse(line) as ReadyLine;
}

const SHORTEST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/**
 * Asks until there is an answer. The world outside tells nobody when it changes; the test's own timeout bounds it.
 * Nine tenths of the time it does not ask: what takes long to answer, or is slow on a busy machine, is asked the more rarely.
 */
export async function poll<T>(ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  while (true) {
    const askedAt = performance.now();
    const answer = await ask();
    if (answer !== undefined) return answer;
    const pauseMs = Math.min(Math.max(9 * (performance.now() - askedAt), SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
