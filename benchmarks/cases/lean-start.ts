import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startFirestoreEmulator } from '@runvoy/google-fakes';
import { environmentIn, openImageLayout } from '../../test/image-layout.ts';
import { bundleProgram } from '../../tools/image/bundle-program.ts';
import { percentile, type Benchmark } from '../measurement.ts';
import { cpuMs, mostMemoryMib } from '../process-cost.ts';
import { lonelyDeployment, startService } from '../started-service.ts';
import { FLOOR_KEY } from '../subjects/floor-key.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const STARTS = 7;
const FLOOR = fileURLToPath(new URL('../subjects/orchestrator-without-cloud.ts', import.meta.url));

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
 * The orchestrator as its image holds it, from nothing to its first answers, against the same app on records in memory, bundled as well,
 * which loads no cloud client. In turns, each with its compile cache.
 */
export const leanStart: Benchmark = {
  name: 'lean-start',
  async run() {
    using layout = openImageLayout();
    using directory = temporaryDirectory();
    const image = layout.imageOf('orchestrator');
    const service = join(image.root, image.workdir, 'service/main.mjs');
    await bundleProgram(FLOOR, `${directory.path}/without-cloud`);
    const floor = `${directory.path}/without-cloud/main.mjs`;
    const emulator = await startFirestoreEmulator();
    const ours: Start[] = [];
    const floors: Start[] = [];
    try {
      const gcp = {
        ...lonelyDeployment('orchestrator', emulator.host),
        ...environmentIn(image),
        NODE_COMPILE_CACHE: `${directory.path}/service`,
      };
      const none = { NODE_COMPILE_CACHE: `${directory.path}/floor` };
      const key = await admitted(service, gcp);
      // The first one of each only warms its cache.
      for (let i = 0; i <= STARTS; i += 1) {
        ours.push(await startOnce(service, gcp, key));
        floors.push(await startOnce(floor, none));
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
  await using service = await startService(['--import', AUTHENTICATION_ON_SIGNAL, main], env);
  const health = await fetch(`${service.url}/health`);
  await health.text();
  const healthMs = cpuMs(service.pid);
  if (key !== undefined) await service.ask('load');
  const read = await fetch(`${service.url}/api/v1/executions`, { headers: { 'x-api-key': key ?? FLOOR_KEY } });
  await read.text();
  if (!health.ok || !read.ok) throw new Error(`${main} answered ${health.status} and ${read.status}.`);
  return { healthMs, readMs: cpuMs(service.pid) - healthMs, peakMib: mostMemoryMib(service.pid) };
}

/**
 * The emulator asks for no token, Google does: what gets one is loaded all the same, between `/health` and the read, where the first
 * read of a deployment loads it.
 */
const AUTHENTICATION_ON_SIGNAL = `data:text/javascript,${encodeURIComponent(`
  process.once('message', async () => {
    process.getBuiltinModule('node:module').createRequire(process.argv[1])('google-auth-library');
    process.send('loaded');
  });
  process.channel.unref();
`)}`;

/** A key of the first admin, got as whoever deploys gets it. */
async function admitted(main: string, env: Record<string, string>): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'admin-link', '--json'], {
    env: { PATH: process.env['PATH'], ...env },
  });
  const { claim_token } = JSON.parse(stdout) as { readonly claim_token: string };
  await using service = await startService([main], env);
  const answer = await fetch(`${service.url}/api/v1/claim/${claim_token}`);
  return ((await answer.json()) as { readonly api_key: string }).api_key;
}
