/**
 * `npm run start:emulated`: a whole deployment on this machine, on Google's emulators and fakes: the services as separate processes, as
 * they are deployed. Runs a first command end to end and stays up until it is told to end; then nothing of it is left running. A service
 * that ends by itself is told of and started again; one that goes on ending, or an emulator, ends the whole with 1.
 *
 * `--port N --data-dir D --json` as `runvoy local` has them; `--json` prints the one ready line when everything is up. What the services
 * say goes to the data directory, a temporary one unless it is named: removed with the end, unless that is a failure.
 */
import { parseArgs } from 'node:util';
import type { ReadyLine } from '@runvoy/protocol';
import { whyNoEmulators } from '@runvoy/google-fakes';
import { closeInheritedDescriptors } from '@runvoy/runtime';
import { runFirstCommand } from '../services/standalone/src/first-run.ts';
import { CLI_MAIN, CONSOLE_ROOT } from '../services/standalone/src/places.ts';
import { openDataDir } from './emulated/data-dir.ts';
import { startEmulatedStack, type EmulatedStackOptions } from './emulated/stack.ts';

// Nobody here is on Google Cloud; its clients need not ask.
process.env['METADATA_SERVER_DETECTION'] ??= 'none';

const HELP = `npm run start:emulated -- [OPTIONS]

A whole deployment on this machine, on Google's emulators and fakes: each service as a process of its own. Ctrl-C ends all of it.

  --port N       the port of the console and the API; 0, the default, takes a free one
  --data-dir D   where the services' logs go; without it a temporary directory, removed with the end
  --instances N  how many of each service; 1 unless given, at most 8
  --json         print one line of JSON when everything is up, and nothing else on stdout
  --help         this
`;

async function main(): Promise<void> {
  closeInheritedDescriptors(process.env);
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'data-dir': { type: 'string' },
      json: { type: 'boolean', default: false },
      instances: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const port = wholeNumber('--port', values.port, 65_535);
  const instances = wholeNumber('--instances', values.instances, 8);
  const dataDir = openDataDir(values['data-dir']);
  // Whoever presses Ctrl-C while it starts means it, too: the start is cut, and what it started is ended.
  const told = toldToEnd();
  try {
    const missing = whyNoEmulators();
    if (missing !== undefined) throw new Error(`Google's emulators cannot start: ${missing}.`);
    await keepUp(
      { dataDir: dataDir.path, port, instances, consoleRoot: CONSOLE_ROOT, onNotice: tell },
      values.json,
      told,
    );
  } catch (error) {
    const kept = dataDir.keep() ? ` The logs of the services are in ${dataDir.path}.` : '';
    throw new Error(`${error instanceof Error ? error.message : String(error)}${kept}`, { cause: error });
  }
  dataDir.remove();
}

/** Starts it, says that it is up, and resolves when it was told to end and has ended. Rejects when it cannot be kept up. */
async function keepUp(options: EmulatedStackOptions, wantsJson: boolean, told: Promise<void>): Promise<void> {
  const starting = startEmulatedStack(options);
  const stack = await Promise.race([starting, told.then(() => undefined)]);
  if (!stack) return (await starting.catch(() => undefined))?.close();
  const failed = stack.failed.then((error) => Promise.reject(error));
  try {
    if (wantsJson) process.stdout.write(`${JSON.stringify(stack.ready)}\n`);
    else await Promise.race([greet(stack.ready), told, failed]);
    await Promise.race([told, failed]);
  } finally {
    await stack.close();
  }
}

/** What the services say while it is up, between the lines of whoever looks on. */
function tell(text: string): void {
  process.stderr.write(`runvoy: ${text}\n`);
}

async function greet(ready: ReadyLine & { readonly api_key: string }): Promise<void> {
  await runFirstCommand(CLI_MAIN, { apiUrl: ready.api_url, apiKey: ready.api_key });
  process.stdout.write(`
runvoy is up on Google's emulators

  Console      ${ready.console_url}
  API          ${ready.api_url}
  Live view    ${ready.websocket_url}
  Admin        ${ready.admin_email}
  API key      ${ready.api_key}
  Service logs ${ready.data_dir}
  Stop         Ctrl-C; nothing of it stays but a directory named with --data-dir

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
