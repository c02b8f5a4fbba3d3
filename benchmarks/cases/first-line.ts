import { once } from 'node:events';
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

/**
 * From submitting a run to its first line at a follower, one after the other with a supervisor ready, against the smallest service
 * of the same shape. The two take turns.
 */
export const firstLine: Benchmark = {
  name: 'first-line',
  async run() {
    using directory = temporaryDirectory();
    await using server = await startServer();
    await using smallest = await openSubject('smallest-service', directory.path);
    const ours: number[] = [];
    const floor: number[] = [];
    for (let i = 0; i < WARM_UP + RUNS; i += 1) {
      const times = [await timeOfOurs(server), await timeOfSmallest(smallest.ready['url']!)] as const;
      if (i < WARM_UP) continue;
      ours.push(times[0]);
      floor.push(times[1]);
    }
    return [measurement('p50', 0.5, ours, floor), measurement('p99', 0.99, ours, floor)];
  },
};

function measurement(name: string, p: number, ours: readonly number[], floor: readonly number[]) {
  return {
    what: `submit to first line, ${name}`,
    value: percentile(ours, p),
    unit: 'ms',
    floor: { what: 'the smallest service of this shape', value: percentile(floor, p) },
  };
}

async function timeOfOurs(server: Server): Promise<number> {
  const before = performance.now();
  const run = await server.run(COMMAND);
  const follower = follow(run.websocket_url);
  await follower.line((line) => line.stream === 'stdout');
  const took = performance.now() - before;
  await follower.done;
  // The next run's supervisor is made ready after this one was given away; bursts are what `executions` measures.
  await supervisorReady(server.ready.pid);
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
