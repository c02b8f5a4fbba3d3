import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startServer } from '../../services/standalone/test/server.ts';
import type { Benchmark } from '../measurement.ts';

const RUNS = 100;
const AT_ONCE = 8;

/** Whole runs of `true`, submitted until terminal, eight at a time; against spawning the same shell. */
export const executions: Benchmark = {
  name: 'executions',
  async run() {
    await using server = await startServer();
    const ours = await perSecond(async () => {
      await server.finished((await server.run('true')).execution_id);
    });
    const bare = await perSecond(async () => {
      await once(spawn('/bin/sh', ['-c', 'true'], { stdio: 'ignore' }), 'exit');
    });
    return [
      { what: 'executions, 8 at a time', unit: '/s', value: ours, floor: { what: 'spawn a shell', value: bare } },
    ];
  },
};

async function perSecond(runOne: () => Promise<void>): Promise<number> {
  const before = performance.now();
  let left = RUNS;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await runOne();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return RUNS / ((performance.now() - before) / 1_000);
}
