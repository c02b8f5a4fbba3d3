import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import type { RunAnswer } from '@runvoy/protocol';
import { follow } from '../../services/standalone/test/follower.ts';
import { startServer, type Server } from '../../services/standalone/test/server.ts';
import { percentile, type Benchmark } from '../measurement.ts';
import { openSubject } from '../subject.ts';
import { supervisorReady } from '../../services/standalone/test/supervisor-ready.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const RUNS = 60;
const WARM_UP = 10;
const COMMAND = 'echo first';
const HEAVY_MAIN = fileURLToPath(new URL('../subjects/heavy-standalone.ts', import.meta.url));
const HEAVY_RUNS = 30;
const BURST = 8;
const BURSTS = 5;

/**
 * From submitting a run to its first line at a follower, one after the other with a supervisor ready, against the smallest service
 * of the same shape. The two take turns, and so they do again with a server that holds a gigabyte. Then several at once, where one
 * supervisor is ready and the others have to be started.
 */
export const firstLine: Benchmark = {
  name: 'first-line',
  async run() {
    using directory = temporaryDirectory();
    await using server = await startServer();
    await using smallest = await openSubject('smallest-service', directory.path);
    const bare = () => timeOfSmallest(smallest.ready['url']!);
    const light = await inTurns(() => timeOfOurs(server), bare, RUNS);
    const burst = await burstsOf(server);
    await using heavyServer = await startServer({ main: HEAVY_MAIN });
    const heavy = await inTurns(() => timeOfOurs(heavyServer), bare, HEAVY_RUNS);
    return [
      measurement('p50', 0.5, light),
      measurement('p99', 0.99, light),
      measurement('1 GiB resident, p50', 0.5, heavy),
      measurement(`${BURST} at once, p50`, 0.5, { ours: burst, floor: light.floor }),
    ];
  },
};

interface Times {
  readonly ours: readonly number[];
  readonly floor: readonly number[];
}

async function inTurns(ours: () => Promise<number>, floor: () => Promise<number>, runs: number): Promise<Times> {
  const times = { ours: [] as number[], floor: [] as number[] };
  for (let i = 0; i < WARM_UP + runs; i += 1) {
    const [one, other] = [await ours(), await floor()];
    if (i < WARM_UP) continue;
    times.ours.push(one);
    times.floor.push(other);
  }
  return times;
}

async function burstsOf(server: Server): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < BURSTS; i += 1) {
    await supervisorReady(server.ready.pid);
    times.push(...(await Promise.all(Array.from({ length: BURST }, () => untilFirstLine(server)))));
  }
  return times;
}

function measurement(name: string, p: number, { ours, floor }: Times) {
  return {
    what: `submit to first line, ${name}`,
    value: percentile(ours, p),
    unit: 'ms',
    floor: { what: 'the smallest service of this shape', value: percentile(floor, p) },
  };
}

async function timeOfOurs(server: Server): Promise<number> {
  const took = await untilFirstLine(server);
  // The next run's supervisor is made ready after this one was given away; bursts are measured apart.
  await supervisorReady(server.ready.pid);
  return took;
}

async function untilFirstLine(server: Server): Promise<number> {
  const before = performance.now();
  const run = await server.run(COMMAND);
  const follower = follow(run.websocket_url);
  await follower.line((line) => line.stream === 'stdout');
  const took = performance.now() - before;
  await follower.done;
  return took;
}

async function timeOfSmallest(url: string): Promise<number> {
  const before = performance.now();
  const answer = await fetch(`${url}/run`, { method: 'POST', body: JSON.stringify({ command: COMMAND }) });
  const { websocket_url } = (await answer.json()) as RunAnswer;
  const socket = new WebSocket(websocket_url);
  await once(socket, 'message');
  const took = performance.now() - before;
  socket.terminate();
  return took;
}
