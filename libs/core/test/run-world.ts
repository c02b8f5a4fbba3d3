import { createHash, createHmac } from 'node:crypto';
import {
  digestRow,
  signedText,
  type BootstrapAnswer,
  type BootstrapRequest,
  type BootstrapStop,
  type FinishedMessage,
  type HeartbeatMessage,
  type LogLine,
  type LogsMessage,
  type Role,
  type RunnerSession,
  type RunRequest,
  type SafetyLaneEntry,
} from '@runvoy/protocol';
import { MemoryArchive } from '../contracts/memory-archive.ts';
import type { Caller } from '../src/access/authenticate.ts';
import type { SigningKeys } from '../src/access/signing-keys.ts';
import type { RandomBytes } from '../src/access/tokens.ts';
import { userRef } from '../src/access/user.ts';
import type { CloudEventEnvelope, EventBus } from '../src/events/event-bus.ts';
import { bootstrapExecution } from '../src/executions/bootstrap-execution.ts';
import { executionRef, type Execution } from '../src/executions/execution.ts';
import { lookAtExecution, type Look } from '../src/executions/look-at-execution.ts';
import { recordFinished } from '../src/executions/record-finished.ts';
import type { RunPolicy } from '../src/executions/run-policy.ts';
import { startExecution } from '../src/executions/start-execution.ts';
import { stopExecution, type StopOutcome } from '../src/executions/stop-execution.ts';
import type { Accepted } from '../src/executions/accepted.ts';
import { submitRun } from '../src/executions/submit-run.ts';
import { tick, type TickReport } from '../src/executions/tick.ts';
import { registerImage } from '../src/images/register-image.ts';
import type { StartOrder } from '../src/jobs/job-runner.ts';
import type { GrowingDigests } from '../src/logs/growing-digests.ts';
import { NO_LIMITS, type SlotLimits } from '../src/slots/slot-limits.ts';
import { manualClock } from '../src/time/clock.ts';
import { FakeJobRunner, nameOf } from './fake-job-runner.ts';
import { MemoryRecords } from './memory-records.ts';
import { testVault } from './test-vault.ts';

/** 2025-06-01T00:00:00Z. */
export const T0 = 1_748_736_000_000;
export const NONCE = '0123456789abcdef0123456789abcdef';

/** Draws bytes that never repeat and are the same in every test. */
export function countedBytes(): RandomBytes {
  let drawn = 0;
  return (count) => createHash('sha512').update(`draw ${++drawn}`).digest().subarray(0, count);
}

export function callerOf(role: Role, email = `${role}@example.com`): Caller {
  const user = {
    email,
    role,
    revoked: false,
    created_at_ms: T0,
    created_by_request_id: 'r0',
    modified_by_request_id: 'r0',
  };
  return { user, key_id: 'a'.repeat(20), scope: {} };
}

/** A run's world in memory: core's own functions over a platform, a clock and a bus that the test holds in its hand. */
export class RunWorld {
  readonly records: MemoryRecords;
  readonly archive = new MemoryArchive();
  readonly jobs = new FakeJobRunner();
  readonly clock = manualClock(T0);
  readonly vault = testVault;
  readonly random = countedBytes();
  readonly signingKeys: SigningKeys = { current: { id: 'k1', secret: Buffer.alloc(32, 1) } };
  readonly batchMs = 10;
  upSinceMs = T0;
  startTimeoutMs = 600_000;
  /** As where one process stores all batches; none unless a test sets it. */
  digests: GrowingDigests | undefined;
  policy: RunPolicy = {
    isolation: 'process',
    timeoutDefaultS: 3_600,
    timeoutMaxS: 7_200,
    stopTimeoutMs: 180_000,
    maxLogBytes: 1_000_000,
    trustAllUsers: false,
    gitRoots: [],
    cloud: 'LOCAL',
  };
  limits = NO_LIMITS;
  readonly published: CloudEventEnvelope[] = [];
  /** Called before every publish; throws to refuse it. */
  beforePublish: (event: CloudEventEnvelope) => void = () => undefined;
  readonly bus: EventBus = {
    publish: async (event) => {
      this.beforePublish(event);
      this.published.push(event);
    },
    deadLetter: async () => undefined,
  };
  /** Runs that were told to have ended, in order. */
  readonly ends: Execution[] = [];
  readonly ended = (execution: Execution): void => void this.ends.push(execution);
  readonly noticed: { readonly error: unknown; readonly about: string }[] = [];

  constructor(records = new MemoryRecords()) {
    this.records = records;
  }

  static async open(records?: MemoryRecords): Promise<RunWorld> {
    const world = new RunWorld(records);
    await registerImage(world, { image: 'host' }, { email: 'admin@example.com', requestId: 'r0' });
    await world.records.create(userRef('admin@example.com'), callerOf('admin').user);
    return world;
  }

  /** As the configuration sets it, for whoever submits and whoever admits. */
  limit(limits: Partial<SlotLimits>): void {
    this.limits = { ...NO_LIMITS, ...limits };
    this.policy = { ...this.policy, limits: this.limits };
  }

  submit(
    request: Partial<RunRequest> = {},
    more: { caller?: Caller; idempotencyKey?: string } = {},
  ): Promise<Accepted> {
    return submitRun(this, {
      request: { command: 'echo hi', ...request },
      caller: more.caller ?? callerOf('admin'),
      requestId: 'req-1',
      ...(more.idempotencyKey === undefined ? {} : { idempotencyKey: more.idempotencyKey }),
    });
  }

  /** A stored run whose start the platform has taken. */
  async started(request: Partial<RunRequest> = {}): Promise<StartedRun> {
    const { execution, order } = await this.submit(request);
    await startExecution(this, order!, (error) => this.noticed.push({ error, about: 'start' }));
    return new StartedRun(this, execution.execution_id, order!);
  }

  /** A run whose runner has the command. */
  async running(request: Partial<RunRequest> = {}): Promise<RunningRun> {
    const run = await this.started(request);
    this.jobs.lives(1);
    const answer = await run.bootstrap();
    if (answer.stop) throw new Error('told to stop');
    return new RunningRun(this, run.id, run.order, answer);
  }

  tick(): Promise<TickReport> {
    return tick(this, (error, about) => this.noticed.push({ error, about }));
  }
}

/** One stored run, by its id. */
export class StartedRun {
  readonly world: RunWorld;
  readonly id: string;
  readonly order: StartOrder;

  constructor(world: RunWorld, id: string, order: StartOrder) {
    this.world = world;
    this.id = id;
    this.order = order;
  }

  async execution(): Promise<Execution> {
    const stored = await this.world.records.get(executionRef(this.id));
    return stored!.value;
  }

  bootstrap(request: Partial<BootstrapRequest> = {}): Promise<BootstrapAnswer | BootstrapStop> {
    return bootstrapExecution(this.world, this.id, this.request(request));
  }

  /** What the runner of this run asks with. */
  request(more: Partial<BootstrapRequest> = {}): BootstrapRequest {
    return {
      token: this.order.token,
      attempt: this.order.attempt,
      nonce: NONCE,
      platform_execution: nameOf(more.attempt ?? this.order.attempt),
      runner_version: '1',
      ...more,
    };
  }

  /** With a grace in ms, or the run's own. */
  stop(grace_ms?: number): Promise<StopOutcome> {
    return stopExecution(
      this.world,
      this.id,
      { email: 'admin@example.com', requestId: 'req-stop', ...(grace_ms === undefined ? {} : { grace_ms }) },
      () => undefined,
      (error) => this.world.noticed.push({ error, about: 'stop' }),
    );
  }

  look(): Promise<Look> {
    return lookAtExecution(this.world, this.id);
  }
}

/** A run and the session its runner signs with. */
export class RunningRun extends StartedRun {
  readonly answer: BootstrapAnswer;

  constructor(world: RunWorld, id: string, order: StartOrder, answer: BootstrapAnswer) {
    super(world, id, order);
    this.answer = answer;
  }

  get session(): RunnerSession {
    return this.answer.session;
  }

  logs(from: number, ...texts: string[]): LogsMessage {
    const { expires_at, key_id } = this.session;
    const lines = texts.map((text, index): LogLine => ({ seq: from + index, stream: 'stdout', ms: T0, text }));
    const message = { from, lines, expires_at, key_id };
    return { ...message, mac: this.sign(signedText('logs', this.id, message)) };
  }

  heartbeat(more: Partial<HeartbeatMessage> = {}): HeartbeatMessage {
    const { expires_at, key_id } = this.session;
    const message = { acked_through: 0, expires_at, key_id, ...more };
    return { ...message, mac: this.sign(signedText('heartbeat', this.id, message)) };
  }

  /** A report whose end record is that of stdout lines with these texts. */
  report(more: Partial<FinishedMessage> = {}, ...texts: string[]): FinishedMessage {
    const { expires_at, key_id } = this.session;
    const lines = texts.map((text, index): LogLine => ({ seq: index + 1, stream: 'stdout', ms: T0, text }));
    const message = {
      cause: 'exited' as const,
      started_at: T0 + 1_000,
      ended_at: T0 + 5_000,
      lines: lines.length,
      bytes: Buffer.byteLength(texts.join('')),
      sha256: createHash('sha256').update(lines.map(digestRow).join('')).digest('hex'),
      maskings: 0,
      expires_at,
      key_id,
      ...(more.signal !== undefined || more.exit_code !== undefined ? {} : { exit_code: 0 }),
      ...more,
    };
    return { ...message, mac: this.sign(signedText('finished', this.id, message)) };
  }

  finish(more: Partial<FinishedMessage> = {}, ...texts: string[]): Promise<Execution> {
    return recordFinished(this.world, this.id, this.report(more, ...texts));
  }

  /** The message as the safety lane keeps it. */
  laneEntry(body: LogsMessage | FinishedMessage): SafetyLaneEntry {
    const head = { execution_id: this.id, attempt: 1 };
    return 'cause' in body ? { runvoy: 'finished', ...head, body } : { runvoy: 'logs', ...head, body };
  }

  sign(text: string): string {
    return createHmac('sha256', Buffer.from(this.session.key, 'hex')).update(text).digest('hex');
  }
}
