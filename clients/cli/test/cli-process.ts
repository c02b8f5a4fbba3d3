import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { FakeServer } from '@runvoy/sdk/contracts';

const MAIN = fileURLToPath(new URL('../src/main.mjs', import.meta.url));

interface Options {
  readonly server?: Pick<FakeServer, 'url'>;
  readonly env?: NodeJS.ProcessEnv;
  /** The home directory; one that holds nothing unless told. */
  readonly home?: string;
  readonly input?: string;
}

/** The client as a process, with nothing of this machine's own configuration. */
export class CliProcess implements AsyncDisposable {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';
  #waiters: (() => void)[] = [];

  constructor(file: string, args: readonly string[], { server, env = {}, home = '/nonexistent', input }: Options) {
    this.child = spawn(file, args, {
      stdio: 'pipe',
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        TERM: 'xterm',
        ...(server ? { RUNVOY_API_ENDPOINT: server.url, RUNVOY_API_KEY: 'k' } : {}),
        ...env,
      },
    });
    this.child.stdout.on('data', (part: Buffer) => {
      this.stdout += part.toString();
      this.#wake();
    });
    this.child.stderr.on('data', (part: Buffer) => {
      this.stderr += part.toString();
      this.#wake();
    });
    this.child.stdin.on('error', () => undefined);
    if (input !== undefined) this.child.stdin.end(input);
    this.ended = once(this.child, 'close').then(([code]) => {
      this.#wake();
      return code as number | null;
    });
  }

  /** Resolves when both streams together say this. */
  async says(text: string): Promise<void> {
    while (!`${this.stdout}${this.stderr}`.includes(text)) {
      if (this.child.exitCode !== null) throw new Error(`it ended without "${text}": ${this.stdout}${this.stderr}`);
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

/** Starts `runvoy` with pipes. */
export function runvoy(args: readonly string[], options: Options = {}): CliProcess {
  return new CliProcess(process.execPath, [MAIN, ...args], options);
}

/** Why there are no terminals to test with; undefined when there are. */
export const noTerminal = existsSync('/usr/bin/script') && process.platform === 'linux' ? undefined : 'no script(1)';

/** Starts `runvoy` on a terminal of its own; what is written to its stdin is typed there. */
export function runvoyOnTerminal(args: readonly string[], options: Options = {}): CliProcess {
  const words = [process.execPath, MAIN, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  return new CliProcess('/usr/bin/script', ['-qefc', `exec ${words.join(' ')}`, '/dev/null'], options);
}
