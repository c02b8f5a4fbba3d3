import { spawn } from 'node:child_process';
import type { StdioOptions } from 'node:child_process';

/** How a command ended; `output` holds stdout and stderr unless they went to the screen. */
export type CommandEnd = { ok: boolean; output: string; timedOut: boolean };

const KILL_AFTER_MS = 5_000;

/**
 * Runs Node with `args` until `limitMs` has passed or `giveUp` is aborted. A signal to this process ends the command, then
 * this process.
 */
export function runNode(
  args: string[],
  {
    limitMs,
    giveUp,
    show = false,
    env = {},
  }: { limitMs: number; giveUp?: AbortSignal; show?: boolean; env?: Record<string, string> },
): Promise<CommandEnd> {
  const stdio: StdioOptions = show ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'];
  const child = spawn(process.execPath, args, { stdio, env: { ...process.env, ...env } });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text));

  let timedOut = false;
  const stop = (signal: NodeJS.Signals): void => {
    child.kill(signal);
    setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref();
  };
  const endEarly = (): void => {
    timedOut = true;
    stop('SIGTERM');
  };
  const limit = setTimeout(endEarly, limitMs);
  giveUp?.addEventListener('abort', endEarly);
  let interruptedBy: NodeJS.Signals | undefined;
  const interrupt = (signal: NodeJS.Signals): void => stop((interruptedBy = signal));
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);

  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(limit);
      giveUp?.removeEventListener('abort', endEarly);
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      if (interruptedBy) process.kill(process.pid, interruptedBy);
      else resolve({ ok: code === 0 && !timedOut, output, timedOut });
    });
  });
}
