import { load, type Call } from '../http-load.ts';
import { percentile, type Benchmark } from '../measurement.ts';
import { openSubject, type Subject } from '../subject.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const WARM_UP = { calls: 1_000, connections: 64 };
const ROUND = { calls: 1_000, connections: 64 };
const ONE = { calls: 50, connections: 1 };
const ROUNDS = 5;

/**
 * `POST /api/v1/run` with all its checks, made durable, on a platform that starts nothing; against Fastify and one durable
 * insert. The two take turns, so that what else this machine does disturbs both.
 */
export const submit: Benchmark = {
  name: 'submit',
  async run() {
    using directory = temporaryDirectory();
    await using ours = await openSubject('idle-platform', directory.path);
    await using bare = await openSubject('bare-insert', directory.path);
    const taken = { ours: newTally(), bare: newTally() };
    await load(submitTo(ours), WARM_UP);
    await load(submitTo(bare), WARM_UP);
    for (let round = 0; round < ROUNDS; round += 1) {
      await measure(ours, taken.ours);
      await measure(bare, taken.bare);
    }
    const what = 'Fastify, one insert';
    const perCpuS = ({ cpuS }: Tally) => (ROUNDS * ROUND.calls) / cpuS;
    const p50 = ({ times }: Tally) => percentile(times, 0.5);
    return [
      {
        what: 'submit, 64 connections',
        unit: '/CPU-s',
        value: perCpuS(taken.ours),
        floor: { what, value: perCpuS(taken.bare) },
      },
      {
        what: 'submit, 1 connection, p50',
        unit: 'ms',
        value: p50(taken.ours),
        floor: { what, value: p50(taken.bare) },
      },
    ];
  },
};

interface Tally {
  cpuS: number;
  /** Of single calls over one connection, ms. */
  readonly times: number[];
}

const newTally = (): Tally => ({ cpuS: 0, times: [] });

function submitTo({ ready }: Subject): Call {
  const { url, key } = ready as { url: string; key: string };
  return { method: 'POST', url: `${url}/api/v1/run`, key, body: '{"command":"make test"}' };
}

async function measure(server: Subject, tally: Tally): Promise<void> {
  const before = await server.usage();
  await load(submitTo(server), ROUND);
  const after = await server.usage();
  tally.cpuS += after.cpuS - before.cpuS;
  tally.times.push(...(await load(submitTo(server), ONE)));
}
