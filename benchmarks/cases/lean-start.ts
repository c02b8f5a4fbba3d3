import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startFirestoreEmulator } from '@runvoy/google-fakes';
import { deploymentIn, environmentOf, newSigningKey } from '../../tools/emulated/deployment.ts';
import { percentile, type Benchmark } from '../measurement.ts';
import { FLOOR_KEY } from '../subjects/floor-key.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const STARTS = 7;
const SERVICE = fileURLToPath(new URL('../../services/orchestrator/src/main.ts', import.meta.url));
const FLOOR = fileURLToPath(new URL('../subjects/orchestrator-without-cloud.ts', import.meta.url));
const NOWHERE = '127.0.0.1:1';

/** What one start costs. */
interface Start {
  /** CPU up to the answer of `/health`, ms. */
  readonly healthMs: number;
  /** CPU of the first read behind a key, from its request to its answer, ms. */
  readonly readMs: number;
  /** Most memory held so far, MiB. */
  readonly peakMib: number;
}

/**
 * The orchestrator as it is deployed, from nothing to its first answers, against the same app on records in memory, which loads no
 * cloud client. In turns, each with compile caches as in an image.
 */
export const leanStart: Benchmark = {
  name: 'lean-start',
  async run() {
    using directory = temporaryDirectory();
    const emulator = await startFirestoreEmulator();
    const ours: Start[] = [];
    const floors: Start[] = [];
    try {
      const gcp = { ...environment(emulator.host), NODE_COMPILE_CACHE: `${directory.path}/service` };
      const none = { NODE_COMPILE_CACHE: `${directory.path}/floor` };
      const key = await admitted(gcp);
      // The first one of each only warms its cache.
      for (let i = 0; i <= STARTS; i += 1) {
        ours.push(await startOnce(SERVICE, gcp, key));
        floors.push(await startOnce(FLOOR, none));
      }
    } finally {
      await emulator.stop();
    }
    ours.shift();
    floors.shift();
    const row = (what: string, unit: string, of: (start: Start) => number) => ({
      what,
      unit,
      value: percentile(ours.map(of), 0.5),
      floor: { what: 'the same app on records in memory', value: percentile(floors.map(of), 0.5) },
    });
    return [
      row('orchestrator on Google Cloud to `/health`, CPU', 'ms', ({ healthMs }) => healthMs),
      row('the same with its first authenticated read, CPU', 'ms', ({ healthMs, readMs }) => healthMs + readMs),
      row('its most memory by then', 'MiB', ({ peakMib }) => peakMib),
    ];
  },
};

async function startOnce(main: string, env: Record<string, string>, key?: string): Promise<Start> {
  await using service = await open(main, env);
  const health = await fetch(`${service.url}/health`);
  await health.text();
  const healthMs = cpuMs(service.pid);
  if (key !== undefined) await service.loadAuthentication();
  const read = await fetch(`${service.url}/api/v1/executions`, { headers: { 'x-api-key': key ?? FLOOR_KEY } });
  await read.text();
  if (!health.ok || !read.ok) throw new Error(`${main} answered ${health.status} and ${read.status}.`);
  return { healthMs, readMs: cpuMs(service.pid) - healthMs, peakMib: mostMemoryMib(service.pid) };
}

async function open(main: string, env: Record<string, string>) {
  const child = spawn(process.execPath, ['--import', AUTHENTICATION_ON_SIGNAL, main], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { PATH: process.env['PATH'], ...env, PORT: '0' },
  });
  const ended = once(child, 'exit');
  const listening = Promise.withResolvers<{ readonly port: number }>();
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const entry = JSON.parse(line) as { readonly message?: string; readonly port: number };
    if (entry.message === 'listening') listening.resolve(entry);
  });
  const started = await Promise.race([listening.promise, ended.then(() => undefined)]);
  if (!started) throw new Error(`${main} ended with ${child.exitCode}.`);
  return {
    pid: child.pid!,
    url: `http://127.0.0.1:${started.port}`,
    async loadAuthentication() {
      child.send('load');
      await once(child, 'message');
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/**
 * The emulator asks for no token, Google does: what gets one is loaded all the same, between `/health` and the read, where the first
 * read of a deployment loads it.
 */
const AUTHENTICATION_ON_SIGNAL = `data:text/javascript,${encodeURIComponent(`
  process.once('message', async () => {
    await import(${JSON.stringify(import.meta.resolve('google-auth-library'))});
    process.send('loaded');
  });
  process.channel.unref();
`)}`;

/** User and system time of a process and its threads, by the kernel's account, in ms; it counts in hundredths of a second. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function mostMemoryMib(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}

/** A key of the first admin, got as whoever deploys gets it. */
async function admitted(env: Record<string, string>): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [SERVICE, 'admin-link', '--json'], {
    env: { PATH: process.env['PATH'], ...env },
  });
  const { claim_token } = JSON.parse(stdout) as { readonly claim_token: string };
  await using service = await open(SERVICE, env);
  const answer = await fetch(`${service.url}/api/v1/claim/${claim_token}`);
  return ((await answer.json()) as { readonly api_key: string }).api_key;
}

function environment(firestore: string): Record<string, string> {
  const url = 'https://example.com';
  return environmentOf(deploymentIn('runvoy-bench'), 'orchestrator', {
    endpoints: {
      firestore,
      pubsub: NOWHERE,
      run: NOWHERE,
      secretManager: NOWHERE,
      logging: NOWHERE,
      scheduler: NOWHERE,
      certs: NOWHERE,
      metadata: NOWHERE,
      iam: NOWHERE,
    },
    urls: { orchestrator: url, processor: url, intake: url, websocket: url },
    signingKey: newSigningKey(),
  });
}
