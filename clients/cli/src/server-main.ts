import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EXIT } from './exit-code.ts';
import { Problem } from './problem.ts';

/** The server's own executable: this client knows nothing else of it, and goes without it where only a client is needed. */
function serverMain(): string {
  try {
    const path = fileURLToPath(new URL('./main.ts', import.meta.resolve('@runvoy/standalone')));
    if (existsSync(path)) return path;
  } catch {
    // Not installed.
  }
  throw new Problem(
    'the local server is not part of this installation. Clone the repository of runvoy and run: npm start',
  );
}

/** Runs the server's executable with these arguments, on our own streams, and answers its exit code. */
export function runServerMain(args: readonly string[]): Promise<number> {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const server = spawn(process.execPath, [serverMain(), ...args], { stdio: 'inherit' });
  // On a terminal Ctrl-C reaches both; this process stays until the server has gone.
  const isTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on('SIGINT', () => isTerminal || server.kill('SIGINT'));
  process.on('SIGTERM', () => server.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    server.on('error', (cause) => reject(new Problem(`the server could not be started: ${cause.message}.`, { cause })));
    server.on('exit', (code) => resolve(code ?? EXIT.failed));
  });
}
