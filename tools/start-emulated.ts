/**
 * `npm run start:emulated`: a whole deployment on this machine, on Google's emulators and fakes: the services as separate processes, as
 * they are deployed. Runs a first command end to end and stays up until it is told to end; then nothing of it is left running.
 *
 * `--port N --data-dir D --json` as `runvoy local` has them; `--json` prints the one ready line when everything is up.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { ReadyLine } from '@runvoy/protocol';
import { whyNoEmulators } from '@runvoy/google-fakes';
import { runFirstCommand } from '../services/standalone/src/first-run.ts';
import { CLI_MAIN } from '../services/standalone/src/places.ts';
import { startEmulatedStack } from './emulated/stack.ts';

// Nobody here is on Google Cloud; its clients need not ask.
process.env['METADATA_SERVER_DETECTION'] ??= 'none';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'data-dir': { type: 'string' },
      json: { type: 'boolean', default: false },
      instances: { type: 'string', default: '1' },
    },
  });
  const missing = whyNoEmulators();
  if (missing !== undefined) throw new Error(`Google's emulators cannot start: ${missing}.`);
  const dataDir = resolve(values['data-dir'] ?? mkdtempSync(join(tmpdir(), 'runvoy-emulated-')));
  const options = {
    dataDir,
    port: wholeNumber('--port', values.port, 65_535),
    instances: wholeNumber('--instances', values.instances, 8),
  };
  // Whoever presses Ctrl-C while it starts means it, too: the start is cut, and what it started is ended.
  const told = toldToEnd();
  const starting = startEmulatedStack(options);
  const stack = await Promise.race([starting, told.then(() => undefined)]);
  if (!stack) return (await starting.catch(() => undefined))?.close();
  try {
    if (values.json) process.stdout.write(`${JSON.stringify(stack.ready)}\n`);
    else await greet(stack.ready);
    await told;
  } finally {
    await stack.close();
  }
}

async function greet(ready: ReadyLine & { readonly api_key: string }): Promise<void> {
  await runFirstCommand(CLI_MAIN, { apiUrl: ready.api_url, apiKey: ready.api_key });
  process.stdout.write(`
runvoy is up on Google's emulators

  API          ${ready.api_url}
  Live view    ${ready.websocket_url}
  Admin        ${ready.admin_email}
  Service logs ${ready.data_dir}
  Stop         Ctrl-C; only the service logs stay

  Try in another terminal:
    export RUNVOY_API_ENDPOINT=${ready.api_url} RUNVOY_API_KEY=${ready.api_key}
    ./runvoy run 'for i in 1 2 3; do echo "line $i"; sleep 1; done'

`);
}

function toldToEnd(): Promise<void> {
  return new Promise((resolveTold) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolveTold());
  });
}

function wholeNumber(flag: string, value: string, max: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : NaN;
  if (number <= max) return number;
  throw new Error(`${flag} must be a whole number up to ${max}; got "${value}".`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`runvoy: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
