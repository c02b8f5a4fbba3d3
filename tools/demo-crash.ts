/**
 * `npm run demo:crash`: kills the server in the middle of a chatty run, starts it again, follows the run with the client through
 * it all, and counts: no line is lost, none comes twice. Everything happens in a directory of its own, which is removed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

const SERVER = join(import.meta.dirname, '../services/standalone/src/main.ts');
const CLIENT = join(import.meta.dirname, '../clients/cli/src/main.mjs');

const LINES = 40_000;
/** Lines at which the server is killed: early enough that most of them come without it or after it. */
const KILL_AT = 10_000;
const AWAY_MS = 1_500;

/** 10,000 lines a second for four seconds. */
const CHATTER = `exec '${process.execPath}' -e '
let sent = 0, due = Date.now();
const tick = () => {
  let text = "";
  for (const last = sent + 100; sent < last;) text += "line " + (sent += 1) + "\\n";
  process.stdout.write(text);
  due += 10;
  if (sent < ${LINES}) setTimeout(tick, due - Date.now());
};
tick();'`;

interface Ready {
  readonly pid: number;
  readonly api_url: string;
  readonly api_key?: string;
}

/** What the client showed, checked line by line as it came. */
interface Shown {
  lines: number;
  firstWrong: string | undefined;
}

async function demo(): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'runvoy-demo-'));
  const processes: ChildProcess[] = [];
  try {
    const port = await freePort();
    const start = () => startServer(port, join(directory, 'data'), processes);
    const first = await start();
    say(`the server is up at ${first.ready.api_url} (pid ${first.ready.pid})`);

    say(`runvoy run: a command that prints ${counted(LINES)} lines, 10,000 a second`);
    const client = spawn(process.execPath, [CLIENT, 'run', CHATTER], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, RUNVOY_API_ENDPOINT: first.ready.api_url, RUNVOY_API_KEY: first.ready.api_key },
    });
    processes.push(client);
    const closing = lastLine(client);
    const shown: Shown = { lines: 0, firstWrong: undefined };
    const { promise: killTime, resolve: isKillTime } = Promise.withResolvers<void>();
    const output = createInterface({ input: client.stdout });
    output.on('line', (line) => {
      shown.lines += 1;
      if (line !== `line ${shown.lines}`) shown.firstWrong ??= `"${line}" came as number ${shown.lines}`;
      if (shown.lines === KILL_AT) isKillTime();
    });
    const outputEnded = once(output, 'close');
    const exited = once(client, 'exit');

    await Promise.race([killTime, exited]);
    process.kill(first.ready.pid, 'SIGKILL');
    await once(first.process, 'exit');
    say(`the client has shown ${counted(shown.lines)} lines; the server is killed (SIGKILL). The command goes on.`);
    await pause(AWAY_MS);
    const second = await start();
    say(`the server is up again (pid ${second.ready.pid}); the client goes on where it was`);

    const [exitCode] = (await exited) as [number | null];
    await outputEnded;
    say(`the client has ended with exit code ${exitCode}: ${await closing}`);
    return verdict(shown, exitCode, await closing);
  } finally {
    for (const started of processes) await end(started);
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

function verdict(shown: Shown, exitCode: number | null, closing: string): boolean {
  const isWhole = shown.lines === LINES && shown.firstWrong === undefined;
  const isVerified = exitCode === 0 && closing.includes('complete, verified');
  if (isWhole && isVerified) {
    say(
      `${counted(LINES)} lines written, ${counted(shown.lines)} shown: each once and in order; no line lost, none repeated.`,
    );
    say('The log’s SHA-256, worked out by the client, is the one that the runner signed.');
    return true;
  }
  say(`FAILED: ${counted(LINES)} lines written, ${counted(shown.lines)} shown; ${shown.firstWrong ?? closing}`);
  return false;
}

async function startServer(port: number, dataDir: string, processes: ChildProcess[]) {
  const server = spawn(process.execPath, [SERVER, '--json', '--port', String(port), '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // The command that chatters is this very Node, which an isolation would hide from it.
    env: { ...process.env, RUNVOY_LOCAL_ISOLATION: 'process' },
  });
  processes.push(server);
  for await (const line of createInterface({ input: server.stdout })) {
    return { process: server, ready: JSON.parse(line) as Ready };
  }
  throw new Error('The server did not start.');
}

/** What the client said last about the run. */
async function lastLine(client: ChildProcess): Promise<string> {
  let last = '';
  for await (const line of createInterface({ input: client.stderr! })) if (line.trim() !== '') last = line;
  return last;
}

/** Fixed before the first start: the client must find the second server where the first one was. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

async function end(started: ChildProcess): Promise<void> {
  if (started.exitCode !== null || started.signalCode !== null) return;
  const exited = once(started, 'exit');
  started.kill('SIGTERM');
  await exited;
}

const counted = (lines: number) => lines.toLocaleString('en-US');
const startedAt = performance.now();
const say = (text: string) => {
  console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s  ${text}`);
};

if (!(await demo())) process.exitCode = 1;
