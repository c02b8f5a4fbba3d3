import { describe, expect, test } from '@jest/globals';
import { admitAfter, stopExecution, tick } from '@runvoy/core';
import { CountingRecords } from '@runvoy/core/contracts';
import { MemoryRecords } from '../libs/core/test/memory-records.ts';
import { JOBS, openClockedCloud, type ClockedCloud } from './clocked-cloud.ts';

/** What Cloud Run keeps of each Job. */
const KEPT = 1_000;
const RUNNING = 110;
const STARTING = 15;
/** Their start was never answered, and no list shows them: each look reads as far as the list must be read. */
const UNKNOWN = 5;
const STOPPING = 25;
/** The platform has told of their end, the runner has not: their lanes are read. */
const UNREPORTED = 25;
/** Over the limit: nothing of them is on the platform. */
const WAITING = 20;
const UNFINISHED = RUNNING + STARTING + UNKNOWN + STOPPING + UNREPORTED + WAITING;

const told = (error: unknown) => {
  throw error;
};

/** Two hundred runs with which a tick has work of every kind. */
async function beginRuns({ world, cloudRun, googleClock, ...cloud }: ClockedCloud): Promise<void> {
  world.limit({ deployment: UNFINISHED - WAITING });
  const deps = cloud.deps();
  for (let nth = 0; nth < UNKNOWN; nth += 1) await cloud.submitted();
  for (let nth = 0; nth < RUNNING; nth += 1) await cloud.running();
  for (let nth = 0; nth < STARTING; nth += 1) cloud.show(await cloud.submitted(), 'waiting');
  for (let nth = 0; nth < STOPPING; nth += 1) {
    const { run } = await cloud.running();
    // The runner has it from its heartbeat, and the platform's cancel comes only after this grace.
    const stop = { email: 'admin@example.com', requestId: 'r', grace_ms: 60_000 };
    await stopExecution(deps, run.id, stop, () => undefined, told);
  }
  for (let nth = 0; nth < UNREPORTED; nth += 1) {
    const { name } = await cloud.running();
    cloudRun.end(name, { atMs: googleClock.now(), exitCode: 0 });
  }
  for (let nth = 0; nth < WAITING; nth += 1) {
    const { execution } = await world.submit();
    await admitAfter(deps, execution, told);
  }
}

/** Counts what two ticks twenty seconds apart ask of store, Cloud Run and log: the first writes down what it learns. */
async function countTicks(kept: number) {
  const memory = new MemoryRecords();
  const records = new CountingRecords(memory);
  // The world's own functions ask nothing of its records but what the port has.
  await using cloud = await openClockedCloud(records as unknown as MemoryRecords);
  cloud.seedHistory(kept);
  await beginRuns(cloud);
  const { cloudRun, logging } = cloud;
  const ticks = [];
  for (const _ of ['first', 'second']) {
    cloud.pass(20_000);
    records.take();
    const [calls, reads] = [cloudRun.calls.length, logging.lists.length];
    const report = await tick(cloud.deps(), told);
    const asked = Object.groupBy(cloudRun.calls.slice(calls), ({ method }) => method);
    ticks.push({
      report,
      store: records.take(),
      cloudRun: Object.fromEntries(Object.entries(asked).map(([method, those]) => [method, those!.length])),
      logReads: logging.lists.length - reads,
    });
  }
  return ticks;
}

describe('the minute tick over two hundred unfinished runs', () => {
  test('asks the store, Cloud Run and its log for the same, however many finished executions twenty Jobs keep', async () => {
    const bare = await countTicks(0);
    const [first, second] = bare;
    expect(first).toMatchObject({ report: { looked: UNFINISHED - WAITING, failed: 0, left: 0 }, logReads: UNREPORTED });
    expect(first!.cloudRun['ListExecutions']).toBeGreaterThanOrEqual(STARTING + UNKNOWN);
    // By then what was found has its name; what no list shows is searched for again, on as many pages as hold what is unfinished.
    expect(second!.cloudRun['ListExecutions']).toBe(UNKNOWN * 2);
    expect(await countTicks(KEPT)).toEqual(bare);
    expect(JOBS * KEPT).toBe(20_000);
  }, 120_000);
});
