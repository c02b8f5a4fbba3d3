import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** About three seconds on both streams: long enough to see that lines come as they are written. */
const FIRST_COMMAND = [
  'echo "Hello from runvoy: this line went to stdout"',
  'sleep 1',
  'echo "and this one to stderr" >&2',
  'sleep 1',
  'echo "running on $(uname -sm)"',
  'sleep 1',
  'echo "done"',
].join('; ');

/**
 * Runs a first command through the public API, with the client any user has, and shows what it shows.
 * Resolves with the time the command's first line was seen, ms since the epoch, if it came.
 */
export async function runFirstCommand(
  cliMain: string,
  access: { readonly apiUrl: string; readonly apiKey: string },
): Promise<number | undefined> {
  process.stderr.write(`$ runvoy run '${FIRST_COMMAND}'\n`);
  const client = spawn(process.execPath, [cliMain, 'run', FIRST_COMMAND], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, RUNVOY_API_ENDPOINT: access.apiUrl, RUNVOY_API_KEY: access.apiKey },
  });
  let firstLineMs: number | undefined;
  client.stdout.on('data', (chunk: Buffer) => {
    firstLineMs ??= Date.now();
    process.stdout.write(chunk);
  });
  await once(client, 'close');
  return firstLineMs;
}
