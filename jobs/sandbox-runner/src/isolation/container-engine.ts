import { spawn } from 'node:child_process';
import { type ProcessRow, readProcess } from '../process-table.ts';

/** How the container engine of this machine is called; the server found it by a probe. */
export interface ContainerEngine {
  /** The program and its own options, such as `podman --runtime runc`. */
  readonly command: readonly [string, ...string[]];
  /** All that the program gets of an environment: nothing of any run. */
  readonly env: Readonly<Record<string, string>>;
  /** What it truly limits here. */
  readonly enforces: readonly EngineLimit[];
}

/** Limits that depend on the machine. The number of processes is always limited, or the engine is not used. */
export type EngineLimit = 'cpu' | 'memory';

/** What one call of the engine said. */
export interface EngineAnswer {
  readonly ok: boolean;
  readonly stdout: string;
  /** What it complained of, in its own words, on one line and not longer than a person reads. */
  readonly words: string;
}

const WORDS_MAX = 2_000;

export interface EngineCall {
  readonly input?: Buffer;
  /** Tells the engine's program to end, with SIGTERM. */
  readonly signal?: AbortSignal;
  /** The engine's program is killed when it takes longer, and the answer is that it did not answer. */
  readonly withinMs?: number;
  /** Told of the engine's program, which then leads a session of its own. */
  readonly onLeader?: (leader: ProcessRow) => void;
}

/** Calls the engine and waits for it. Never rejects: an engine that cannot be started says so in `words`. */
export function callEngine(
  engine: Pick<ContainerEngine, 'command' | 'env'>,
  args: readonly string[],
  { input, signal, withinMs, onLeader }: EngineCall = {},
): Promise<EngineAnswer> {
  const [program, ...options] = engine.command;
  return new Promise((resolve) => {
    const child = spawn(program, [...options, ...args], {
      cwd: '/',
      env: engine.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(signal && { signal }),
      detached: onLeader !== undefined,
    });
    const leader = child.pid === undefined ? undefined : readProcess(child.pid);
    if (leader) onLeader?.(leader);
    const kill = withinMs === undefined ? undefined : setTimeout(() => killHung(withinMs), withinMs);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (stdout += piece));
    child.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr = (stderr + piece).slice(-WORDS_MAX)));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    // Not at its end: what it has started may keep its output open.
    function killHung(afterMs: number): void {
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ ok: false, stdout: '', words: `${program} has not answered for ${afterMs / 1_000} s` });
    }
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(kill);
      const words = error.code === 'ENOENT' ? `${program} is not installed` : error.message;
      resolve({ ok: false, stdout: '', words });
    });
    child.on('close', (code, killedBy) => {
      clearTimeout(kill);
      const words = oneLine(stderr) || (code === 0 ? '' : `${program} ended with ${killedBy ?? `exit code ${code}`}`);
      resolve({ ok: code === 0, stdout: stdout.trim(), words });
    });
  });
}

/** Several lines of an engine as one. */
export const oneLine = (text: string): string => text.trim().replaceAll(/\s*\n\s*/g, '; ');
