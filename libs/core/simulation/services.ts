import type { RunRequest } from '@runvoy/protocol';
import type { Caller } from '../src/access/authenticate.ts';
import type { SigningKeys } from '../src/access/signing-keys.ts';
import type { CloudEventEnvelope, EventBus } from '../src/events/event-bus.ts';
import { drainOutbox } from '../src/events/outbox.ts';
import { executionRef, type Execution } from '../src/executions/execution.ts';
import { bootstrapExecution } from '../src/executions/bootstrap-execution.ts';
import { finishExecution } from '../src/executions/finish-execution.ts';
import { needsFinishing } from '../src/executions/needs-finishing.ts';
import { deadlineOf, recordHeartbeat, stopOrderFor } from '../src/executions/record-heartbeat.ts';
import { recordFinished } from '../src/executions/record-finished.ts';
import type { RunPolicy } from '../src/executions/run-policy.ts';
import { verifyRunnerMessage } from '../src/executions/runner-session.ts';
import { startExecution } from '../src/executions/start-execution.ts';
import { stopExecution } from '../src/executions/stop-execution.ts';
import { submitRun } from '../src/executions/submit-run.ts';
import { lookAndStart, tick } from '../src/executions/tick.ts';
import { Failure, isFailure } from '../src/failure.ts';
import type { JobRunner } from '../src/jobs/job-runner.ts';
import { appendBatch, isNumbered } from '../src/logs/append-batch.ts';
import { archiveLogs, type ArchiveDeps } from '../src/logs/archive-logs.ts';
import { assessLog } from '../src/logs/assess-log.ts';
import { requireKeptLog } from '../src/logs/expire-log.ts';
import type { GrowingDigests } from '../src/logs/growing-digests.ts';
import { readLogPage, type LogPage } from '../src/logs/log-page.ts';
import type { LogStore } from '../src/logs/log-store.ts';
import { takeLaneEntry } from '../src/logs/replay-lane.ts';
import { takeBatch } from '../src/logs/take-batch.ts';
import type { Records } from '../src/records/records.ts';
import { admitAfter } from '../src/slots/admit-waiting.ts';
import type { SlotLimits } from '../src/slots/slot-limits.ts';
import type { Clock } from '../src/time/clock.ts';
import { newSightings } from '../src/time/sightings.ts';
import { testVault } from '../test/test-vault.ts';
import type { Instance } from './instance.ts';
import type { RunnerCall } from './network.ts';
import { RunTruth } from './run-truth.ts';
import { noteLane } from './platform.ts';
import { WINDOWS } from './windows.ts';
import { checkAcked } from './invariants.ts';
import type { LaneEntry, Task } from './task.ts';
import { WatchedDigests } from './watched-digests.ts';
import type { World } from './world.ts';

const SIGNING_KEYS: SigningKeys = { current: { id: 'k1', secret: Buffer.alloc(32, 7) } };

function callerOf(user: string): Caller {
  return {
    user: {
      email: `${user}@example.com`,
      role: 'admin',
      revoked: false,
      created_at_ms: 0,
      created_by_request_id: 'r0',
      modified_by_request_id: 'r0',
    },
    key_id: 'a'.repeat(20),
    scope: {},
  };
}

const POLICY: RunPolicy = {
  isolation: 'process',
  timeoutDefaultS: 300,
  timeoutMaxS: 3_600,
  stopTimeoutMs: WINDOWS.stopConfirmedMs,
  maxLogBytes: 1_000_000,
  trustAllUsers: false,
  gitRoots: [],
  cloud: 'SIMULATED',
};

/** How an instance archives logs. */
export type Archiving = Pick<ArchiveDeps, 'segmentSize' | 'logRetentionDays'>;

/** What one instance serves: the routes of orchestrator and processor, without HTTP. Everything below them is the code under test. */
export class Services {
  readonly instance: Instance;
  readonly #world: World;
  readonly #archiving: Archiving;
  readonly #deps: LogStore & {
    readonly jobs: JobRunner;
    readonly bus: EventBus;
    readonly clock: Clock;
    readonly vault: typeof testVault;
    readonly signingKeys: SigningKeys;
    readonly policy: RunPolicy;
    readonly limits: SlotLimits;
    readonly batchMs: number;
    readonly upSinceMs: number;
    readonly startTimeoutMs: number;
    readonly random: (count: number) => Uint8Array;
    readonly digests: GrowingDigests;
  };

  constructor(
    instance: Instance,
    ports: LogStore & { jobs: JobRunner; bus: EventBus },
    { limits, archiving }: { readonly limits: SlotLimits; readonly archiving: Archiving },
  ) {
    this.instance = instance;
    this.#archiving = archiving;
    this.#world = instance.world;
    const world = instance.world;
    this.#deps = {
      ...ports,
      clock: clockOf(instance),
      vault: testVault,
      signingKeys: SIGNING_KEYS,
      policy: { ...POLICY, limits },
      limits,
      batchMs: 10,
      random: (count) => randomBytes(world, instance.name, count),
      upSinceMs: instance.bornMs,
      startTimeoutMs: WINDOWS.startMs,
      digests: new WatchedDigests(world),
    };
  }

  get records(): Records {
    return this.#deps.records;
  }

  get log(): LogStore {
    return this.#deps;
  }

  /** `POST /api/v1/run`: answers with the id. `label` is what the run is called should it be stored by this request. */
  async submit(request: RunRequest, user: string, idempotencyKey: string, label: string): Promise<string> {
    const world = this.#world;
    // Known before it is stored, because the store is watched.
    const deps = { ...this.#deps, random: this.#announcing(label) };
    const { execution, order } = await submitRun(deps, {
      request,
      caller: callerOf(user),
      requestId: 'req',
      idempotencyKey,
    });
    const id = execution.execution_id;
    const run = world.runs.get(id);
    if (order && run) {
      run.startsUnderWay.add(order.attempt);
      this.instance.whenDead(() => {
        if (run.startsUnderWay.delete(order.attempt)) world.reach('restart-between-spawn-and-record');
      });
      await startExecution(deps, order, this.#noticed(`the start of ${run.label} has an unknown outcome`));
      run.startsUnderWay.delete(order.attempt);
    }
    await admitAfter(this.#deps, run?.execution ?? execution, this.#noticed('a run that waits could not be started'));
    return id;
  }

  /** The first 16 bytes drawn become the execution's id, wherever in the decision they are drawn. */
  #announcing(label: string): (count: number) => Uint8Array {
    return (count) => {
      const bytes = this.#deps.random(count);
      if (count === 16) {
        const id = Buffer.from(bytes).toString('hex');
        this.#world.runs.set(id, new RunTruth(id, label));
      }
      return bytes;
    };
  }

  /** `DELETE /api/v1/executions/{id}`. */
  async stop(id: string, graceMs?: number): Promise<void> {
    const { outcome } = await stopExecution(
      this.#deps,
      id,
      { email: 'ann@example.com', requestId: 'req-stop', ...(graceMs === undefined ? {} : { grace_ms: graceMs }) },
      () => undefined,
      this.#noticed('a cancel failed'),
    );
    if (outcome === 'already') this.#world.reach('stop-repeated');
    if (outcome === 'hastened') this.#world.reach('stop-hastened');
    const { execution, label } = this.#world.runs.get(id) ?? {};
    if (!execution?.facts.stop && execution?.unfinished) {
      this.#world.violate('lost-run', `the stop of ${label} was accepted and is not stored`);
    }
  }

  /** `/runner/v1/executions/{id}/...`. */
  runner(id: string, call: RunnerCall): Promise<object> {
    return this.#serving('runner', () => this.#answerRunner(id, call));
  }

  async #answerRunner(id: string, call: RunnerCall): Promise<object> {
    const { signingKeys, clock } = this.#deps;
    if (call.kind === 'bootstrap') return this.#bootstrap(id, call);
    verifyRunnerMessage(signingKeys, clock.now(), id, call);
    const run = this.#world.runs.get(id);
    switch (call.kind) {
      case 'logs': {
        if (!isNumbered(call.body)) throw new Failure('UNPROCESSABLE', 'not numbered');
        if (run?.bySafetyLane.has(call.body.from) && run.chunks.has(call.body.from)) {
          this.#world.reach('batch-in-both-lanes');
        }
        run?.byFastLane.add(call.body.from);
        const taken = takeBatch(this.#deps, id, Buffer.from(JSON.stringify(call.body))) ?? call.body;
        const { acked_through } = await appendBatch(this.#deps, id, taken);
        if (!run?.chunks.has(call.body.from)) {
          this.#world.violate('line-missing', `${run?.label}: lines from ${call.body.from} acknowledged, not stored`);
        }
        return { acked_through };
      }
      case 'heartbeat': {
        if (run) checkAcked(this.#world, run, call.body.acked_through);
        const execution = await recordHeartbeat(this.#deps, id, call.body);
        const stop = stopOrderFor(execution);
        return { deadline: deadlineOf(execution), ...(stop === undefined ? {} : { stop }) };
      }
      case 'finished': {
        run?.byFastLane.add('report');
        const execution = await recordFinished(this.#deps, id, call.body);
        await assessLog(this.#deps, execution);
        return {};
      }
    }
  }

  async #bootstrap(id: string, { body }: Extract<RunnerCall, { kind: 'bootstrap' }>): Promise<object> {
    const world = this.#world;
    const run = world.runs.get(id);
    const facts = run?.execution?.facts;
    const wasStopped = facts?.stop !== undefined || facts?.start_timed_out_at_ms !== undefined;
    const wasOver = run?.endStoredMs !== undefined;
    if (wasOver) world.reach('bootstrap-after-end');
    const answer = await bootstrapExecution(this.#deps, id, body);
    if (answer.stop || !run) return answer;
    if (wasStopped || wasOver) {
      world.violate(
        'no-late-start',
        `${run.label}: its command was handed out after ${wasOver ? 'its end' : 'a stop, or too late'}`,
      );
    }
    const runner = `${body.attempt}/${body.nonce}`;
    const text = JSON.stringify(answer);
    const earlier = run.answers.get(runner);
    if (earlier !== undefined) world.reach('bootstrap-repeated');
    if (earlier !== undefined && earlier !== text) {
      world.violate('bootstrap-repeat', `${run.label}: the same nonce got another answer`);
    }
    run.answers.set(runner, text);
    if (run.answers.size > 1) world.violate('one-runner', `${run.label}: its command was handed to two runners`);
    return answer;
  }

  /** The safety lane pushed to `/events/logs`. */
  async pushed(task: Task, { entry }: LaneEntry): Promise<void> {
    const { run } = task;
    noteLane(this.#world, run, entry.runvoy === 'finished' ? 'report' : entry.body.from);
    const kind = await this.#serving('event', () => takeLaneEntry(this.#deps, entry));
    if (kind === 'unsigned') throw new Failure('BAD_SIGNATURE');
  }

  /** `GET /api/v1/executions/{id}/logs?after=&limit=`: the state that was read, and the page. */
  async logPage(id: string, after: number, limit: number): Promise<{ execution: Execution; page: LogPage }> {
    const execution = (await this.#deps.records.get(executionRef(id)))?.value;
    if (!execution) throw new Failure('EXECUTION_NOT_FOUND', id);
    requireKeptLog(execution);
    return { execution, page: await readLogPage(this.#deps, execution, { after, limit }) };
  }

  /** Who is killed while it does this leaves somebody without an answer. */
  async #serving<T>(whom: 'runner' | 'event', work: () => Promise<T>): Promise<T> {
    this.instance.serving[whom] += 1;
    try {
      return await work();
    } finally {
      this.instance.serving[whom] -= 1;
    }
  }

  /** `POST /events`, as the processor's table of handlers has it. */
  async event(event: CloudEventEnvelope): Promise<void> {
    const { execution_id } = event.data as { execution_id: string };
    if (event.type === 'dev.runvoy.execution.look.v1') return this.#serving('event', () => this.look(execution_id));
    if ((await this.#serving('event', () => finishExecution(this.#deps, execution_id))) === 'waiting') {
      throw new Failure('STORE_CONTENDED', execution_id);
    }
  }

  async look(id: string): Promise<void> {
    const execution = await lookAndStart(this.#deps, id, this.#noticed('a start failed'));
    if (needsFinishing(execution, this.#deps.jobs)) await drainOutbox(this.#deps);
  }

  async tick(): Promise<void> {
    const world = this.#world;
    const told = (error: unknown, about: string) => {
      if (!(error instanceof Failure) && !isOutage(error)) throw error;
      world.trace.detail(`${this.instance.name}: a look at ${world.runs.get(about)?.label ?? about} failed`);
    };
    await this.#serving('event', () => tick(this.#deps, told));
  }

  /** What the archiver does behind a tick; elsewhere once an hour, here each time. */
  async archive(): Promise<void> {
    const told = (error: unknown, about: string) => {
      const run = this.#world.runs.get(about);
      if (run?.hasDamagedBlobs !== true) this.#noticed('a log was not archived')(error);
      this.#world.trace.detail(`${this.instance.name}: the log of ${run?.label} was not archived`);
    };
    await this.#serving('event', () => archiveLogs({ ...this.#deps, ...this.#archiving }, told));
  }

  #noticed(what: string): (error: unknown) => void {
    return (error) => {
      if (!isOutage(error) && !isFailure(error, 'STORE_UNAVAILABLE')) throw error;
      this.#world.trace.detail(`${this.instance.name}: ${what}`);
    };
  }
}

/** True for what the simulation does to a port; anything else is a defect. */
export function isOutage(error: unknown): boolean {
  return (
    error instanceof Error && (error.constructor.name === 'SimulatedOutage' || /alive and cannot/.test(error.message))
  );
}

const CLOCKS = new WeakMap<Instance, Clock>();

/** The clock of an instance's process: whatever runs in it has this one, and sees it jump once. */
export function clockOf(instance: Instance): Clock {
  const known = CLOCKS.get(instance) ?? newClock(instance);
  CLOCKS.set(instance, known);
  return known;
}

/** Its process can tell that the clock has jumped while it lived, as the machine's clock does. */
function newClock(instance: Instance): Clock {
  const { world } = instance;
  const sightings = newSightings();
  let evenSinceMs = 0;
  const now = () => {
    if (world.clockAheadMs !== instance.clockSeenAheadMs) {
      instance.clockSeenAheadMs = world.clockAheadMs;
      evenSinceMs = world.wallMs;
      world.jumpNoticedMs = world.nowMs;
    }
    return world.wallMs;
  };
  return {
    now,
    sleep: (ms, signal) => world.sleep(ms, signal),
    evenSinceMs: () => (now(), evenSinceMs),
    firstSeenMs(storedMs) {
      const firstMs = sightings(storedMs, now());
      if (firstMs === world.wallMs) world.jumpNoticedMs = world.nowMs;
      return firstMs;
    },
  };
}

function randomBytes(world: World, drawer: string, count: number): Uint8Array {
  const name = `bytes ${drawer} ${world.nth(`bytes ${drawer}`)}`;
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at += 1)
    bytes[at] = at % 4 === 0 ? world.choices.bits(`${name} ${at}`) : bytes[at - 1]! * 31 + at;
  return bytes;
}
