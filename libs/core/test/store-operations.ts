import { CountingRecords } from '../contracts/counting-records.ts';
import type { StoreOperations } from '../contracts/counting-records.ts';
import type { Records } from '../src/records/records.ts';
import { apiKeyRef, newApiKey } from '../src/access/api-key.ts';
import { authenticate } from '../src/access/authenticate.ts';
import { drainOutbox } from '../src/events/outbox.ts';
import { finishExecution } from '../src/executions/finish-execution.ts';
import { recordHeartbeat } from '../src/executions/record-heartbeat.ts';
import { startExecution } from '../src/executions/start-execution.ts';
import { appendBatch } from '../src/logs/append-batch.ts';
import { assessLog } from '../src/logs/assess-log.ts';
import { nameOf } from './fake-job-runner.ts';
import { RunningRun, RunWorld, StartedRun } from './run-world.ts';
import type { MemoryRecords } from './memory-records.ts';

/** What one step costs, as docs/store-operations.md has it: reads, writes, records written. */
export type OperationRow = readonly [step: string, operations: StoreOperations];

/** A run's world whose store counts. */
class CountedWorld {
  readonly world: RunWorld;
  readonly records: CountingRecords;

  private constructor(world: RunWorld, records: CountingRecords) {
    this.world = world;
    this.records = records;
  }

  static async open(records: Records): Promise<CountedWorld> {
    const counting = new CountingRecords(records);
    // The world's own functions ask nothing of its records but what the port has.
    const world = await RunWorld.open(counting as unknown as MemoryRecords);
    world.jobs.answersStart = (order) => ({ outcome: 'started', platform_execution: nameOf(order.attempt) });
    counting.take();
    return new CountedWorld(world, counting);
  }

  async count(work: () => Promise<unknown>): Promise<StoreOperations> {
    this.records.take();
    await work();
    return this.records.take();
  }
}

/** Lives a plain run through core's own functions, and the options beside it, on a store of its own each. */
export async function countOperations(openRecords: () => Promise<Records>): Promise<readonly OperationRow[]> {
  const plain = await countPlainRun(await CountedWorld.open(await openRecords()));
  const options = await countOptions(await CountedWorld.open(await openRecords()));
  return [...plain, ['a plain run of one chunk', total(plain)], ...options];
}

async function countPlainRun(counted: CountedWorld): Promise<OperationRow[]> {
  const { world } = counted;
  const rows: OperationRow[] = [];
  const step = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    rows.push([name, await counted.count(work)]);
  };
  let run!: RunningRun;
  let started!: StartedRun;
  await step('the request is stored', async () => {
    const { execution, order } = await world.submit();
    started = new StartedRun(world, execution.execution_id, order!);
  });
  await step('the platform names what it started', () => startExecution(world, started.order, fail));
  world.jobs.lives(1);
  await step('the runner bootstraps', async () => {
    const answer = await started.bootstrap();
    if (answer.stop) throw new Error('told to stop');
    run = new RunningRun(world, started.id, started.order, answer);
  });
  await step('a chunk of lines', () => appendBatch(world, run.id, run.logs(1, 'one', 'two')));
  await step('the runner reports', () => run.finish({}, 'one', 'two'));
  await step('the log is proven', async () => assessLog(world, await unread(counted, run)));
  world.jobs.ended(1, world.clock.now());
  await step('the end is seen', () => run.look());
  await step('its event is published', () => drainOutbox(world));
  await step('its event is handled', () => finishExecution(world, run.id));
  return rows;
}

async function countOptions(counted: CountedWorld): Promise<OperationRow[]> {
  const { world } = counted;
  const key = await storedKey(counted);
  const rows: OperationRow[] = [];
  const step = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    rows.push([name, await counted.count(work)]);
  };
  world.clock.advance(60_000);
  await step('any request with a key, first in its minute', () => authenticate(world, key));
  await step('any request with a key', () => authenticate(world, key));
  await step('with an Idempotency-Key, instead of without', () => world.submit({}, { idempotencyKey: 'once' }));
  await step('sent again with that Idempotency-Key', () => world.submit({}, { idempotencyKey: 'once' }));
  await step('with an image by reference, instead of the default', () => world.submit({ image: 'host' }));
  await step('with variables, instead of without', () => world.submit({ env: { A: '1' } }));
  const run = await world.running();
  await step('a chunk that was stored already', async () => {
    await appendBatch(world, run.id, run.logs(1, 'one'));
    counted.records.take();
    await appendBatch(world, run.id, run.logs(1, 'one'));
  });
  await step('a heartbeat', () => recordHeartbeat(world, run.id, run.heartbeat()));
  world.clock.advance(60_000);
  await step('a heartbeat of a run silent for a minute', () => recordHeartbeat(world, run.id, run.heartbeat()));
  await step('a look at a run that goes on', () => run.look());
  await step('a stop', () => run.stop());
  return rows;
}

/** A key that is stored, as its holder has it. */
async function storedKey({ world }: CountedWorld): Promise<string> {
  const about = { user_email: 'admin@example.com', name: 'test', nowMs: world.clock.now() };
  const { text, key } = newApiKey(world.random, about);
  await world.records.create(apiKeyRef(key.key_id), key);
  return text;
}

/** The execution as the route has it from the step before, which does not read it again. */
async function unread(counted: CountedWorld, run: RunningRun) {
  const execution = await run.execution();
  counted.records.take();
  return execution;
}

function total(rows: readonly OperationRow[]): StoreOperations {
  return rows.reduce(
    (sum, [, one]) => ({
      reads: sum.reads + one.reads,
      writes: sum.writes + one.writes,
      records_written: sum.records_written + one.records_written,
    }),
    { reads: 0, writes: 0, records_written: 0 },
  );
}

function fail(error: unknown): never {
  throw error;
}
