import { apiKeyRef, newApiKey } from '../src/access/api-key.ts';
import { authenticate } from '../src/access/authenticate.ts';
import { openDeadLetters, recordDeath } from '../src/events/dead-letters.ts';
import { drainOutbox, newEvent } from '../src/events/outbox.ts';
import { finishExecution } from '../src/executions/finish-execution.ts';
import { needsFinishing } from '../src/executions/needs-finishing.ts';
import { recordHeartbeat } from '../src/executions/record-heartbeat.ts';
import { startExecution } from '../src/executions/start-execution.ts';
import { listExecutions } from '../src/executions/list-executions.ts';
import { lookAndStart } from '../src/executions/tick.ts';
import { changePlaybook, createPlaybook } from '../src/playbooks/playbooks.ts';
import { submitPlaybookRun } from '../src/playbooks/submit-playbook-run.ts';
import { admitAfter } from '../src/slots/admit-waiting.ts';
import { queuePlaces } from '../src/slots/queue-place.ts';
import { reconcileHealth } from '../src/health/reconcile-health.ts';
import { newTickMarks } from '../src/health/schedule-marks.ts';
import { lastHealthReport } from '../src/health/stored-report.ts';
import { appendBatch } from '../src/logs/append-batch.ts';
import { archiveLogs } from '../src/logs/archive-logs.ts';
import { assessLog } from '../src/logs/assess-log.ts';
import { recordsLiveFeed } from '../src/logs/live-feed.ts';
import { takeLaneEntry } from '../src/logs/replay-lane.ts';
import { readChunkPage } from '../src/logs/read-log.ts';
import type { Records } from '../src/records/records.ts';
import { traceRequest } from '../src/trace/trace-request.ts';
import { nameOf } from '../test/fake-job-runner.ts';
import type { MemoryRecords } from '../test/memory-records.ts';
import { callerOf, RunningRun, RunWorld, StartedRun } from '../test/run-world.ts';
import { CountingRecords } from './counting-records.ts';
import type { StoreOperations } from './counting-records.ts';

/** What one step costs, as docs/store-operations.md has it. */
export type OperationRow = readonly [step: string, operations: StoreOperations];

const DAY_MS = 86_400_000;

type Submission = Parameters<RunWorld['submit']>;

/** A run's world whose store counts; its platform does as Cloud Run, or as this machine. */
class CountedWorld {
  readonly world: RunWorld;
  readonly rows: OperationRow[] = [];
  readonly #records: CountingRecords;

  private constructor(world: RunWorld, records: CountingRecords) {
    this.world = world;
    this.#records = records;
  }

  static async open(records: Records, platform: 'cloud' | 'machine' = 'cloud'): Promise<CountedWorld> {
    const counting = new CountingRecords(records);
    // The world's own functions ask nothing of its records but what the port has.
    const world = await RunWorld.open(counting as unknown as MemoryRecords);
    world.jobs.answersStart = (order) => ({ outcome: 'started', platform_execution: nameOf(order.attempt) });
    if (platform === 'cloud') {
      world.jobs.forgetsByItself = true;
      world.jobs.identify = async ({ attempt }) => nameOf(attempt);
    } else {
      world.jobs.nameOf = ({ attempt }) => nameOf(attempt);
    }
    return new CountedWorld(world, counting);
  }

  async step<R>(name: string, work: () => Promise<R>): Promise<R> {
    this.#records.take();
    const result = await work();
    this.rows.push([name, this.#records.take()]);
    return result;
  }

  total(): StoreOperations {
    return this.rows.reduce((sum, [, one]) => added(sum, one), NOTHING);
  }
}

/** Lives runs through core's own functions, on a store of its own each, and counts what every step asks of it. */
export async function countOperations(openRecords: () => Promise<Records>): Promise<readonly OperationRow[]> {
  const plain = await livedRun(await CountedWorld.open(await openRecords()));
  const variant = async (...submission: Submission) =>
    (await livedRun(await CountedWorld.open(await openRecords()), ...submission)).total();
  const machine = await livedRun(await CountedWorld.open(await openRecords(), 'machine'));
  return [
    ...plain.rows,
    ['a plain run of one chunk', plain.total()],
    ['the same with an Idempotency-Key', await variant({}, { idempotencyKey: 'once' })],
    ['the same with variables', await variant({ env: { A: '1', TOKEN: '2' } })],
    ['the same with labels', await variant({ labels: { env: 'prod', team: 'core' } })],
    ['the same from a git repository', await variant({ git_repo: 'https://example.com/a.git' })],
    ['the same on one machine', machine.total()],
    ...(await countRequests(await CountedWorld.open(await openRecords()))),
    ...(await countFound(await CountedWorld.open(await openRecords()))),
    ...(await countRunning(await CountedWorld.open(await openRecords()))),
    ...(await countTick(await CountedWorld.open(await openRecords()))),
    ...(await countArchive(await CountedWorld.open(await openRecords()))),
    ...(await countSlots(await CountedWorld.open(await openRecords()))),
    ...(await countTold(await CountedWorld.open(await openRecords()))),
    ...(await countDeadLetters(await CountedWorld.open(await openRecords()))),
  ];
}

/** One run from its request to the last thing that is done for it, as the routes and handlers of the services do it. */
async function livedRun(counted: CountedWorld, ...submission: Submission): Promise<CountedWorld> {
  const { world } = counted;
  const { execution, order } = await counted.step('the request is stored', () => world.submit(...submission));
  const started = new StartedRun(world, execution.execution_id, order!);
  await counted.step('the platform is told to start it', () => startExecution(world, started.order, fail));
  world.jobs.lives(1);
  const answer = await counted.step('the runner bootstraps', () => started.bootstrap());
  if (answer.stop) throw new Error('told to stop');
  const run = new RunningRun(world, started.id, started.order, answer);
  await counted.step('a chunk of lines', () => appendBatch(world, run.id, run.logs(1, 'one', 'two')));
  await counted.step('the runner reports, and its log is proven', async () =>
    assessLog(world, await run.finish({}, 'one', 'two')),
  );
  world.jobs.ended(1, world.clock.now());
  const look = await counted.step('the end is seen', () => run.look());
  if (needsFinishing(look.execution, world.jobs)) {
    await counted.step('its event is published', () => drainOutbox(world));
    await counted.step('its event is handled', () => finishExecution(world, run.id));
  }
  return counted;
}

async function countRequests(counted: CountedWorld): Promise<readonly OperationRow[]> {
  const { world } = counted;
  const key = await storedKey(world);
  world.clock.advance(60_000);
  await counted.step('any request with a key, first in its minute', () => authenticate(world, key));
  await counted.step('any request with a key', () => authenticate(world, key));
  await world.submit({}, { idempotencyKey: 'once' });
  await counted.step('a request sent again with its Idempotency-Key', () =>
    world.submit({}, { idempotencyKey: 'once' }),
  );
  await counted.step('a request with an image by reference', () => world.submit({ image: 'host' }));
  const rejected = await world.submit();
  world.jobs.answersStart = () => ({ outcome: 'rejected', reason: 'quota', details: 'no room' });
  await counted.step('a start that the platform rejects', () => startExecution(world, rejected.order!, fail));
  return counted.rows;
}

async function countFound(counted: CountedWorld): Promise<readonly OperationRow[]> {
  const { world } = counted;
  const { records } = world;
  for (const env of ['prod', 'prod', 'test']) await world.submit({ labels: { env } });
  const byLabel = { labels: ['env=prod'] };
  await counted.step('a page of two runs with a label', () => listExecutions(records, byLabel, { limit: 2 }));
  const byBoth = { ...byLabel, user: 'nobody@example.com' };
  await counted.step('a page where two runs are left out', () => listExecutions(records, byBoth, { limit: 2 }));
  const by = { caller: callerOf('admin'), requestId: 'req-2' };
  const nightly = { name: 'nightly', commands: ['true'] };
  await counted.step('a playbook is created', () => createPlaybook(world, nightly, by));
  await counted.step('a playbook is changed', () => changePlaybook(world, 'nightly', { commands: ['false'] }, by));
  await counted.step('a request that runs a playbook', () =>
    submitPlaybookRun(world, { name: 'nightly', request: {}, ...by }),
  );
  await counted.step('a trace of two changes and a run', () => traceRequest(records, 'req-2'));
  return counted.rows;
}

async function countRunning(counted: CountedWorld): Promise<readonly OperationRow[]> {
  const { world } = counted;
  const waiting = await world.started();
  world.jobs.shows(1, { state: 'starting', platform_execution: nameOf(1) });
  await counted.step('a look that finds what was started', () => waiting.look());
  await counted.step('the runner bootstraps after such a look', () => waiting.bootstrap());
  const run = await world.running();
  await appendBatch(world, run.id, run.logs(1, 'one'));
  await counted.step('a chunk that was stored already', () => appendBatch(world, run.id, run.logs(1, 'one')));
  await counted.step('a heartbeat', () => recordHeartbeat(world, run.id, run.heartbeat()));
  world.clock.advance(60_000);
  await counted.step('a heartbeat of a run silent for a minute', () => recordHeartbeat(world, run.id, run.heartbeat()));
  await counted.step('a look at a run that goes on', () => run.look());
  const follower = await counted.step('an instance begins to follow a run of one chunk', async () => {
    const joined = new Follower(world.records, run.id);
    await joined.isTold(1, 1);
    return joined;
  });
  await counted.step('a chunk of a run that an instance follows', async () => {
    await appendBatch(world, run.id, run.logs(2, 'two'));
    await follower.isTold(2, 1);
  });
  follower.leaves();
  await counted.step('a chunk of both lanes, by the second', () =>
    takeLaneEntry(world, run.laneEntry(run.logs(2, 'two'))),
  );
  await counted.step('a chunk of the safety lane alone', () =>
    takeLaneEntry(world, run.laneEntry(run.logs(3, 'three'))),
  );
  await counted.step('a stop', () => run.stop());
  await counted.step('a stop that is asked for again', () => run.stop());
  await counted.step('a stop that is left less time', () => run.stop(0));
  await counted.step('a look that sends the cancel again', () => run.look());
  const late = await world.started();
  world.clock.advance(world.startTimeoutMs);
  await counted.step('a look that finds a start too late', () => late.look());
  return counted.rows;
}

async function countTick(counted: CountedWorld): Promise<readonly OperationRow[]> {
  const { world } = counted;
  await counted.step('a tick without a run', () => world.tick());
  const marks = newTickMarks(world);
  await counted.step('a tick is marked, first in its minute', () => marks.ticked());
  await counted.step('a tick is marked', () => marks.ticked());
  for (let nth = 0; nth < 10; nth += 1) await world.running();
  await counted.step('a tick with ten runs that go on', () => world.tick());
  const told = () => undefined;
  await counted.step('a scheduled reconcile with ten runs that go on', () => reconcileHealth(world, 'schedule', told));
  await counted.step('the last health report is read', () => lastHealthReport(world.records));
  return counted.rows;
}

/** What the archiver asks, hour by hour, of an environment that keeps logs for thirty days. */
async function countArchive(counted: CountedWorld): Promise<readonly OperationRow[]> {
  const { world } = counted;
  const turn = () => archiveLogs(Object.assign(world, { logRetentionDays: 30 }), fail);
  await counted.step('an hour of the archiver with nothing to do', turn);
  const small = await endedRun(world, ['one line']);
  const large = await endedRun(
    world,
    Array.from({ length: 20 }, () => 'x'.repeat(4_000)),
  );
  for (let nth = 0; nth < 10; nth += 1) await world.running();
  await counted.step('an hour with ten runs that go on', turn);
  world.clock.advance(60_000);
  await counted.step('an hour with those, and a log of twenty chunks is sealed', turn);
  await counted.step('a page of its lines', () => readChunkPage(world, large.id, 10, 2));
  world.clock.advance(20 * DAY_MS);
  await counted.step('an hour with those, and the records of its chunks are removed', turn);
  await counted.step('a page of its lines, out of the segment', () => readChunkPage(world, large.id, 10, 2));
  world.clock.advance(10 * DAY_MS);
  await counted.step('an hour with those, and two logs of one chunk and of one segment expire', turn);
  if ((await small.execution()).log_expired === undefined) throw new Error('the small log is still there');
  return counted.rows;
}

/** A run that wrote these lines, a chunk each, and ended. */
async function endedRun(world: RunWorld, texts: readonly string[]): Promise<RunningRun> {
  const run = await world.running();
  for (const [index, text] of texts.entries()) await appendBatch(world, run.id, run.logs(index + 1, text));
  await assessLog(world, await run.finish({}, ...texts));
  world.jobs.ended(1, world.clock.now());
  await run.look();
  return run;
}

async function countSlots(counted: CountedWorld): Promise<readonly OperationRow[]> {
  const { world } = counted;
  world.limit({ deployment: 1 });
  const run = await counted.step('a request under a limit that has room', () => world.submit());
  const handIn = async () => {
    const { execution } = await world.submit();
    await admitAfter(world, execution, fail);
    return execution;
  };
  await counted.step('a request over a limit', handIn);
  const last = await handIn();
  await counted.step('the place of a run that waits', () => queuePlaces(world.records, world.limits, [last]));
  world.jobs.lives(1);
  // The first of them finds what was started: a row of its own.
  await world.tick();
  await counted.step('a tick with one run under a limit and two that wait', () => world.tick());
  await counted.step('a stop of a run that waits', () => new StartedRun(world, last.execution_id, run.order!).stop());
  const started = new StartedRun(world, run.execution.execution_id, run.order!);
  const answer = await started.bootstrap();
  if (answer.stop) throw new Error('told to stop');
  await new RunningRun(world, started.id, started.order, answer).finish();
  world.jobs.ended(1, world.clock.now());
  await counted.step('the end under a limit is seen, and the next is started', () =>
    lookAndStart(world, started.id, fail),
  );
  return counted.rows;
}

/** What is kept for whoever asks why a run is held up. */
async function countTold(counted: CountedWorld): Promise<readonly OperationRow[]> {
  const { world } = counted;
  const run = await world.started({ grace: 60 });
  world.jobs.shows(1, { state: 'starting', platform_execution: nameOf(1), waiting_for: 'image_pull' });
  world.clock.advance(60_000);
  await counted.step('a look that first finds what a start waits for', () => run.look());
  await counted.step('a look that finds the same again', () => run.look());
  world.jobs.lives(1);
  const answer = await run.bootstrap();
  if (answer.stop) throw new Error('told to stop');
  const running = new RunningRun(world, run.id, run.order, answer);
  const preparing = running.heartbeat({ preparing: 'git_clone' });
  await counted.step('a heartbeat that first tells what is prepared', () => recordHeartbeat(world, run.id, preparing));
  await counted.step('a heartbeat that tells the same again', () => recordHeartbeat(world, run.id, preparing));
  await run.stop();
  world.clock.advance(60_000);
  await counted.step('a look that first has a run ended', () => run.look());
  await counted.step('a look that has it ended again', () => run.look());
  return counted.rows;
}

async function countDeadLetters(counted: CountedWorld): Promise<readonly OperationRow[]> {
  const { world } = counted;
  const by = { email: 'a@b.c', requestId: 'r' };
  const event = newEvent(
    'dev.runvoy.execution.look.v1',
    { execution_id: 'a' },
    { id: 'e', subject: 's', at_ms: world.clock.now() },
  );
  const death = { event, reason: 'why', attempts: 1, route: '/events' };
  const { id } = await counted.step('an event is put aside', () => recordDeath(world, death));
  await counted.step('a dead letter is sent again', () => openDeadLetters(world).replay(id, by));
  await recordDeath(world, death);
  await counted.step('a dead letter is dropped', () => openDeadLetters(world).drop(id, by));
  return counted.rows;
}

/** What an instance with viewers of a run hears of it. */
class Follower {
  readonly #leave: () => void;
  #chunks = 0;
  #states = 0;
  #wake: () => void = () => undefined;
  #error: Error | undefined;

  constructor(records: Records, executionId: string) {
    this.#leave = recordsLiveFeed(records).open(executionId, 0, {
      chunk: () => this.#heard(() => (this.#chunks += 1)),
      execution: () => this.#heard(() => (this.#states += 1)),
      failed: (error) => this.#heard(() => (this.#error = error)),
    });
  }

  /** Resolves when it has heard of so many chunks and states in all. */
  async isTold(chunks: number, states: number): Promise<void> {
    while (this.#chunks < chunks || this.#states < states) {
      if (this.#error) throw this.#error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  leaves(): void {
    this.#leave();
  }

  #heard(note: () => void): void {
    note();
    this.#wake();
  }
}

/** A key that is stored, as its holder has it. */
async function storedKey(world: RunWorld): Promise<string> {
  const about = { user_email: 'admin@example.com', name: 'test', nowMs: world.clock.now() };
  const { text, key } = newApiKey(world.random, about);
  await world.records.create(apiKeyRef(key.key_id), key);
  return text;
}

const NOTHING: StoreOperations = { reads: 0, records_read: 0, writes: 0, records_written: 0 };

function added(a: StoreOperations, b: StoreOperations): StoreOperations {
  return {
    reads: a.reads + b.reads,
    records_read: a.records_read + b.records_read,
    writes: a.writes + b.writes,
    records_written: a.records_written + b.records_written,
  };
}

function fail(error: unknown): never {
  throw error;
}
