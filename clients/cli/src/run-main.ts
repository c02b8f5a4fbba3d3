import { EXIT } from './exit-code.ts';
import { Problem } from './problem.ts';

/** Runs another executable of this checkout with these arguments, on our own streams, and answers its exit code. */
export function runMain(path: string, args: readonly string[]): Promise<number> {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn(process.execPath, [path, ...args], { stdio: 'inherit' });
  // On a terminal Ctrl-C reaches both; this process stays until the other has gone.
  const isTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on('SIGINT', () => isTerminal || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => reject(new Problem(`${path} could not be started: ${cause.message}.`, { cause })));
    child.on('exit', (code) => resolve(code ?? EXIT.failed));
  });
}
