import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesBelow } from '../../test/dockerfile.ts';
import { environmentIn, identityOf, openImageLayout, type ImageLayout } from '../../test/image-layout.ts';
import { bundleProgram } from '../../tools/image/bundle-program.ts';
import { percentile, type Benchmark, type Measurement } from '../measurement.ts';
import { cpuMs, mostMemoryMib } from '../process-cost.ts';
import { lonelyDeployment, startService } from '../started-service.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const STARTS = 7;
const FASTIFY = fileURLToPath(new URL('../subjects/bundled-fastify.ts', import.meta.url));
const ROLES = ['orchestrator', 'processor', 'intake', 'websocket'] as const;

type Role = (typeof ROLES)[number];

/** What is started again and again, and what that has cost so far. */
interface Subject {
  readonly start: Parameters<typeof startService>;
  readonly costs: Cost[];
}

interface Cost {
  /** CPU up to the answer of `/health`, ms. */
  readonly cpuMs: number;
  /** From nothing to that answer, ms. */
  readonly wallMs: number;
  /** Most memory held by then, MiB. */
  readonly peakMib: number;
  /** The same once a request has loaded the client of the store, MiB. */
  readonly storeMib: number;
}

/**
 * The images as the Dockerfile lays them out: what they hold, and what a start from nothing to the first answer costs, against a Fastify
 * that is bundled the same way and does nothing. The orchestrator's has as many routes as the orchestrator. In turns, each with what its
 * build, or a first start, has compiled.
 */
export const image: Benchmark = {
  name: 'image',
  async run() {
    using layout = openImageLayout();
    using directory = temporaryDirectory();
    await bundleProgram(FASTIFY, `${directory.path}/fastify`);
    const routes = await routesOf(startOf(layout, 'orchestrator'));
    const fastify = (name: string, given: readonly unknown[]): Subject['start'] => [
      [`${directory.path}/fastify/main.mjs`],
      { NODE_COMPILE_CACHE: `${directory.path}/${name}`, ROUTES: JSON.stringify(given) },
    ];
    const bare: Subject = { start: fastify('bare', []), costs: [] };
    const routed: Subject = { start: fastify('routed', routes), costs: [] };
    const services = ROLES.map((role) => ({ role, start: startOf(layout, role), costs: [] as Cost[] }));
    for (let turn = 0; turn <= STARTS; turn += 1) {
      for (const { start, costs } of [bare, routed, ...services]) {
        const cost = await startOnce(start);
        // The first one only warms caches.
        if (turn > 0) costs.push(cost);
      }
    }
    const starts = services.flatMap(({ role, costs }) =>
      role === 'orchestrator'
        ? rows(role, costs, { what: `bundled Fastify, ${routes.length} routes`, costs: routed.costs })
        : rows(role, costs, { what: 'bundled Fastify', costs: bare.costs }),
    );
    return [...starts, ...sizes(layout)];
  },
};

const targetOf = (role: Role) => (role === 'intake' ? 'processor' : role);

function startOf(layout: ImageLayout, role: Role): Subject['start'] {
  const laidOut = layout.imageOf(targetOf(role));
  const main = join(laidOut.root, laidOut.workdir, laidOut.entrypoint[1]!);
  return [[main], { ...lonelyDeployment(role), ...environmentIn(laidOut) }, identityOf(laidOut)];
}

async function startOnce(start: Subject['start']): Promise<Cost> {
  const from = performance.now();
  await using service = await startService(...start);
  const health = await fetch(`${service.url}/health`);
  await health.text();
  const wallMs = performance.now() - from;
  if (!health.ok) throw new Error(`${start[0].join(' ')} answered ${health.status}.`);
  const cost = { cpuMs: cpuMs(service.pid), wallMs, peakMib: mostMemoryMib(service.pid) };
  // There is no store, so it is not ready; what would have asked it is loaded.
  await (await fetch(`${service.url}/ready`)).text();
  return { ...cost, storeMib: mostMemoryMib(service.pid) };
}

function rows(role: Role, costs: readonly Cost[], floor: { readonly what: string; readonly costs: readonly Cost[] }) {
  const middle = (of: (cost: Cost) => number, all: readonly Cost[]) => percentile(all.map(of), 0.5);
  const row = (what: string, unit: string, of: (cost: Cost) => number): Measurement => ({
    what,
    unit,
    value: middle(of, costs),
    floor: { what: floor.what, value: middle(of, floor.costs) },
  });
  return [
    row(`image of the ${role}, start to \`/health\`, CPU`, 'ms', (cost) => cost.cpuMs),
    row('the same, time', 'ms', (cost) => cost.wallMs),
    row('its most memory by then', 'MiB', (cost) => cost.peakMib),
    { what: 'with the client of the store', unit: 'MiB', value: middle((cost) => cost.storeMib, costs) },
  ];
}

function sizes(layout: ImageLayout): Measurement[] {
  const node = { what: 'Node alone', value: lstatSync(process.execPath).size / 2 ** 20 };
  const services = ['orchestrator', 'processor', 'websocket'].map((target) => ({
    what: `image of the ${target}, added to its base`,
    unit: 'MiB',
    value: sizeMib(layout.imageOf(target).root),
    floor: node,
  }));
  return [
    ...services,
    { what: 'image of the sidecar, added to its base', unit: 'MiB', value: sizeMib(layout.imageOf('sidecar').root) },
  ];
}

function sizeMib(root: string): number {
  return filesBelow(root).reduce((sum, file) => sum + lstatSync(join(root, file)).size, 0) / 2 ** 20;
}

/** Method and path of every operation that a service describes, as a router has them. */
async function routesOf(start: Subject['start']): Promise<(readonly [string, string])[]> {
  await using service = await startService(...start);
  const answer = await fetch(`${service.url}/api/v1/openapi.json`);
  const { paths } = (await answer.json()) as { readonly paths: Readonly<Record<string, object>> };
  const inRouter = (path: string) => path.replaceAll(/\{(\w+)\}/g, ':$1');
  return Object.entries(paths)
    .filter(([path]) => path !== '/health')
    .flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => [method.toUpperCase(), inRouter(path)] as const),
    );
}
