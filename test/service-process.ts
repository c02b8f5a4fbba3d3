import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { COMPILED } from '../jobs/sandbox-runner/test/compiled.ts';

export type ServiceName = 'orchestrator' | 'processor' | 'websocket';

/** A service as a process of its own, as it is deployed. */
export interface ServiceProcess extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly url: string;
  /** What it has logged so far: one JSON object a line. */
  readonly logged: readonly Record<string, unknown>[];
  /** SIGTERM; resolves with the exit code and how long it took. */
  stop(): Promise<{ readonly code: number | null; readonly tookMs: number }>;
}

export const mainOf = (service: ServiceName): string =>
  fileURLToPath(new URL(`../services/${service}/src/main.ts`, import.meta.url));

/** Starts a service on a port the system chooses; resolves when it listens. Rejects with what it said when it ends instead. */
export async function startService(service: ServiceName, env: Record<string, string>): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [mainOf(service)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...COMPILED, PATH: process.env['PATH'], PORT: '0', ...env },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const logged: Record<string, unknown>[] = [];
  const listening = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const entry = JSON.parse(line) as Record<string, unknown>;
    logged.push(entry);
    if (entry['message'] === 'listening') listening.resolve(entry['port'] as number);
  });
  const ended = once(child, 'close');
  const port = await Promise.race([listening.promise, ended.then(() => undefined)]);
  if (port === undefined) throw new Error(`${service} ended with ${child.exitCode}: ${said}`);
  const over = async () => {
    await ended;
    return child.exitCode;
  };
  return {
    process: child,
    url: `http://127.0.0.1:${port}`,
    logged,
    async stop() {
      const since = performance.now();
      child.kill('SIGTERM');
      return { code: await over(), tookMs: performance.now() - since };
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await over();
    },
  };
}
