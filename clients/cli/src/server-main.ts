import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Problem } from './problem.ts';
import { runMain } from './run-main.ts';

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
export async function runServerMain(args: readonly string[]): Promise<number> {
  return runMain(serverMain(), args);
}
