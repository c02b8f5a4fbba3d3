import { createHash, createHmac, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  applyEvidence,
  chunkRef,
  executionRef,
  GrowingDigests,
  hashToken,
  manualClock,
  newChunk,
  NO_LIMITS,
  readLines,
  runInputRef,
  sealRunInput,
  slotsRef,
  type CloudEventEnvelope,
  type EventBus,
  type Execution,
  type JobRunner,
  type PlatformView,
  type SecretVault,
  type SlotLimits,
} from '@runvoy/core';
import { MemoryArchive } from '@runvoy/core/contracts/memory-archive';
import { openSqliteRecords } from '@runvoy/provider-local';
import {
  digestRow,
  signedText,
  type BootstrapAnswer,
  type FinishedMessage,
  type LogLine,
  type LogsMessage,
  type RunnerSession,
} from '@runvoy/protocol';
import { silentLogger } from '@runvoy/runtime';
import { buildProcessor } from '../src/index.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');
const ID = 'a'.repeat(32);
const NONCE = '1'.repeat(32);

const vault: SecretVault = { seal: async (plain) => plain, open: async (sealed) => sealed };

/** A processor over an in-memory store that holds one run, and a platform that says what the test sets. */
async function openWorld(limits: SlotLimits = NO_LIMITS, digests?: GrowingDigests) {
  const records = openSqliteRecords(':memory:');
  const clock = manualClock(T0);
  const published: string[] = [];
  const started: string[] = [];
  const dead: { readonly event: CloudEventEnvelope; readonly reason: string }[] = [];
  const bus: EventBus & { isDown: boolean } = {
    isDown: false,
    async publish(event) {
      published.push(event.type);
    },
    async deadLetter(event, reason) {
      if (this.isDown) throw new Error('the bus is down');
      dead.push({ event, reason });
    },
  };
  const platform: { view: PlatformView | 'unreachable' } = { view: { state: 'absent', never: false } };
  const jobs: JobRunner = {
    isolations: ['process'],
    longestGraceMs: Infinity,
    start: async ({ execution_id }) => {
      started.push(execution_id);
      return { outcome: 'started' };
    },
    look: async () => {
      if (platform.view === 'unreachable') throw new Error('the platform does not answer');
      return platform.view;
    },
    cancel: async () => undefined,
    readSafetyLane: async () => ({ entries: (async function* () {})(), final: true }),
    list: async () => ({ executions: [] }),
    forget: async () => undefined,
  };
  const execution: Execution = {
    execution_id: ID,
    created_by: 'a@b.c',
    owned_by: ['a@b.c'],
    command: 'echo hi',
    image_id: 'host:latest-00000000',
    image: 'host',
    cpu: 1,
    memory_mib: 1,
    isolation: 'process',
    timeout_s: 60,
    grace_ms: 1_000,
    max_log_bytes: 1_000,
    request_id: 'r',
    modified_by_request_id: 'r',
    started_at_ms: T0,
    cloud: 'LOCAL',
    facts: { attempts: [{ attempt: 1, token_hash: hashToken('token'), made_at_ms: T0 }] },
    status: 'STARTING',
    unfinished: true,
    faults: [],
  };
  const archive = new MemoryArchive();
  await records.create(executionRef(ID), execution);
  await records.create(runInputRef(ID), await sealRunInput(vault, ID, { env: { A: '1' }, secrets: {} }, T0 + 1e9));
  const app = buildProcessor({
    records,
    archive,
    vault,
    jobs,
    clock,
    bus,
    random: randomBytes,
    signingKeys: { current: { id: 'k', secret: randomBytes(32) } },
    batchMs: 10,
    upSinceMs: T0,
    startTimeoutMs: 600_000,
    limits,
    digests,
    logger: silentLogger,
  });
  const post = (kind: string, body: unknown, id = ID) =>
    app.inject({ method: 'POST', url: `/runner/v1/executions/${id}/${kind}`, payload: body as object });
  return {
    records,
    archive,
    clock,
    platform,
    published,
    started,
    dead,
    bus,
    post,
    bootstrap: async () =>
      (
        await post('bootstrap', { token: 'token', attempt: 1, nonce: NONCE, runner_version: '1' })
      ).json() as BootstrapAnswer,
    event: (type: string, data: unknown) =>
      app.inject({
        method: 'POST',
        url: '/events',
        headers: { 'content-type': 'application/cloudevents+json' },
        payload: { specversion: '1.0', id: '1', source: '/t', type, time: '2026-01-01T00:00:00Z', data },
      }),
    execution: async () => (await records.get(executionRef(ID)))!.value,
    async [Symbol.asyncDispose]() {
      await app.close();
      records.close();
    },
  };
}

const LINES: readonly LogLine[] = [
  { seq: 1, stream: 'stdout', ms: T0, text: 'hi' },
  { seq: 2, stream: 'stderr', ms: T0, text: 'oh', partial: true },
];

function mac(session: RunnerSession, text: string): string {
  return createHmac('sha256', Buffer.from(session.key, 'hex')).update(text).digest('hex');
}

function logs(session: RunnerSession, lines: readonly LogLine[] = LINES, id = ID): LogsMessage {
  const unsigned = { from: lines[0]!.seq, lines, expires_at: session.expires_at, key_id: session.key_id };
  return { ...unsigned, mac: mac(session, signedText('logs', id, unsigned)) };
}

function finished(session: RunnerSession): FinishedMessage {
  const rows = LINES.map(digestRow).join('');
  const unsigned = {
    cause: 'exited' as const,
    exit_code: 3,
    started_at: T0,
    ended_at: T0 + 1_000,
    lines: 2,
    bytes: 4,
    sha256: createHash('sha256').update(rows).digest('hex'),
    maskings: 0,
    expires_at: session.expires_at,
    key_id: session.key_id,
  };
  return { ...unsigned, mac: mac(session, signedText('finished', ID, unsigned)) };
}

describe('the event intake', () => {
  test('carries a run from its bootstrap to its end', async () => {
    await using world = await openWorld();
    const answer = await world.bootstrap();
    expect(answer).toMatchObject({ command: 'echo hi', env: { A: '1' }, batch_ms: 10, request_id: 'r' });
    expect((await world.execution()).status).toBe('RUNNING');

    expect((await world.post('logs', logs(answer.session))).json()).toEqual({ acked_through: 2 });
    expect((await world.post('finished', finished(answer.session))).json()).toEqual({});
    expect(await world.execution()).toMatchObject({ status: 'RUNNING', log_proven: true });

    const end = { platform_execution: 'p', at_ms: T0 + 1_500, kind: 'exited' as const };
    world.platform.view = { state: 'ended', end };
    expect((await world.event('dev.runvoy.execution.look.v1', { execution_id: ID })).statusCode).toBe(204);
    expect(await world.execution()).toMatchObject({ status: 'FAILED', exit_code: 3, completed_at_ms: T0 + 1_000 });
    expect(world.published).toEqual(['dev.runvoy.execution.finished.v1']);
    expect(await world.records.get(runInputRef(ID))).toBeUndefined();
  });

  test('proves a log by what it has seen of it, and reads nothing of it, where one process stores all batches', async () => {
    await using world = await openWorld(NO_LIMITS, new GrowingDigests());
    const { session } = await world.bootstrap();
    for (const line of LINES.toReversed()) await world.post('logs', logs(session, [line]));
    world.records.page = async () => {
      throw new Error('a log is read');
    };
    expect((await world.post('finished', finished(session))).json()).toEqual({});
    expect(await world.execution()).toMatchObject({ log_proven: true });
  });

  test('starts who waits for the slot of a run that its report ends, because the platform’s end came first', async () => {
    await using world = await openWorld({ ...NO_LIMITS, deployment: 1 });
    const { session } = await world.bootstrap();
    const holder = await world.execution();
    const waiting: Execution = {
      ...holder,
      execution_id: 'b'.repeat(32),
      created_by: 'next@b.c',
      status: 'STARTING',
      facts: { attempts: [] },
      queued: { since_ms: T0, until_ms: T0 + 3_600_000 },
      waiting: true,
    };
    await world.records.transact(async (tx) => {
      tx.set(executionRef(ID), { ...holder, slot: true });
      tx.set(executionRef(waiting.execution_id), waiting);
      tx.set(slotsRef, {
        serial: 1,
        holders: [{ execution_id: ID, user: holder.created_by, image_id: holder.image_id }],
        queues: [{ user: waiting.created_by, waiting: 1, turn: 1 }],
      });
    });
    const end = { platform_execution: '', at_ms: T0 + 1_500, kind: 'exited' as const };
    await applyEvidence(world, ID, [{ kind: 'platform_ended', attempt: 1, end }]);
    expect(world.started).toEqual([]);
    expect((await world.post('finished', finished(session))).statusCode).toBe(200);
    expect((await world.execution()).status).toBe('FAILED');
    expect(world.started).toEqual([waiting.execution_id]);
  });

  test('stores a batch once, however often it comes, and no other under its number', async () => {
    await using world = await openWorld();
    const { session } = await world.bootstrap();
    await world.post('logs', logs(session));
    expect((await world.post('logs', logs(session))).statusCode).toBe(200);
    const other = await world.post('logs', logs(session, [{ ...LINES[0]!, text: 'changed' }]));
    expect([other.statusCode, other.json().code]).toEqual([409, 'BATCH_MISMATCH']);
    const texts: string[] = [];
    for await (const line of readLines(world, ID, 0)) texts.push(line.text);
    expect(texts).toEqual(['hi', 'oh']);
    expect((await world.execution()).faults).toMatchObject([{ kind: 'batch_mismatch' }]);
  });

  test.each([
    ['another execution', (s: RunnerSession) => logs(s, LINES, 'b'.repeat(32))],
    ['a changed text', (s: RunnerSession) => ({ ...logs(s), lines: [{ ...LINES[0]!, text: 'x' }, LINES[1]!] })],
    ['a later expiry', (s: RunnerSession) => ({ ...logs(s), expires_at: s.expires_at + 1 })],
    ['an unknown key', (s: RunnerSession) => ({ ...logs(s), key_id: 'other' })],
  ])('refuses a batch signed for %s', async (_, forge) => {
    await using world = await openWorld();
    const { session } = await world.bootstrap();
    const answer = await world.post('logs', forge(session));
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'BAD_SIGNATURE']);
  });

  test('refuses a message whose session has expired', async () => {
    await using world = await openWorld();
    const { session } = await world.bootstrap();
    world.clock.advance(session.expires_at - T0);
    expect((await world.post('logs', logs(session))).statusCode).toBe(401);
  });

  test('refuses lines that are not numbered in a row, and fields no signature covers', async () => {
    await using world = await openWorld();
    const { session } = await world.bootstrap();
    const gap = await world.post('logs', logs(session, [LINES[0]!, { ...LINES[1]!, seq: 3 }]));
    expect([gap.statusCode, gap.json().code]).toEqual([422, 'UNPROCESSABLE']);
    const smuggled = { ...logs(session), lines: [{ ...LINES[0]!, colour: 'red' }, LINES[1]!] };
    expect((await world.post('logs', smuggled)).statusCode).toBe(400);
  });

  test('takes the same batch in another form for the same', async () => {
    await using world = await openWorld();
    const { session } = await world.bootstrap();
    const { mac: signature, ...rest } = logs(session);
    expect((await world.post('logs', { mac: signature, ...rest })).statusCode).toBe(200);
    const stored = await world.records.get(chunkRef(ID, 1));
    expect((await world.post('logs', logs(session))).json()).toEqual({ acked_through: 2 });
    expect(await world.records.get(chunkRef(ID, 1))).toEqual(stored);
    expect((await world.execution()).faults).toEqual([]);
  });

  test('believes no message that calls itself checked', async () => {
    await using world = await openWorld();
    const { session } = await world.bootstrap();
    const chunk = { execution_id: ID, from: 1, through: 2, content_hash: '', body: 'x', stored_at_ms: T0 };
    const forged = {
      ...logs(session, [{ ...LINES[0]!, text: 'a' }]),
      lines: [{ ...LINES[0]!, text: 'b' }],
      chunk,
      lastMs: T0,
    };
    const answer = await world.post('logs', forged);
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'BAD_SIGNATURE']);
    expect(await world.records.get(chunkRef(ID, 1))).toBeUndefined();
  });

  test('stores what bears a signature as it came, and nothing beside it', async () => {
    await using world = await openWorld();
    const { session } = await world.bootstrap();
    const genuine = logs(session);
    await world.post('logs', { ...genuine, body: 'x', chunk: {} });
    const stored = (await world.records.get(chunkRef(ID, 1)))!.value;
    expect(stored).toEqual(newChunk(ID, genuine, T0));
  });

  test('tells a stop with the next heartbeat', async () => {
    await using world = await openWorld();
    const { session } = await world.bootstrap();
    const stored = (await world.records.get(executionRef(ID)))!;
    const stop = { requested_at_ms: T0, requested_by: 'a', grace_ms: 70_000, cancel_at_ms: T0 + 70_000 };
    const facts = { ...stored.value.facts, stop };
    await world.records.compareAndSet(executionRef(ID), stored.version, {
      ...stored.value,
      facts,
      status: 'TERMINATING',
    });
    const unsigned = { acked_through: 0, expires_at: session.expires_at, key_id: session.key_id };
    const beat = { ...unsigned, mac: mac(session, signedText('heartbeat', ID, unsigned)) };
    expect((await world.post('heartbeat', beat)).json()).toEqual({ stop: { grace_ms: 70_000 }, deadline: T0 + 60_000 });
  });

  test('acknowledges an event of a type it does not know', async () => {
    await using world = await openWorld();
    expect((await world.event('com.example.other', {})).statusCode).toBe(204);
  });

  test('does not acknowledge an event whose effect was not stored', async () => {
    await using world = await openWorld();
    world.platform.view = 'unreachable';
    const refused = await world.event('dev.runvoy.execution.look.v1', { execution_id: ID });
    expect(refused.statusCode).toBe(500);
    expect(world.dead).toEqual([]);
  });

  test('puts aside, with the reason, an event that can never be carried out, and then acknowledges it', async () => {
    await using world = await openWorld();
    const id = 'c'.repeat(32);
    expect((await world.event('dev.runvoy.execution.look.v1', { execution_id: id })).statusCode).toBe(204);
    expect((await world.event('dev.runvoy.execution.look.v1', { wrong: true })).statusCode).toBe(204);
    expect(world.dead).toMatchObject([
      { event: { data: { execution_id: id } }, reason: expect.stringContaining(id) },
      { event: { data: { wrong: true } }, reason: expect.stringContaining('execution_id') },
    ]);
  });

  test('does not acknowledge what it could not put aside', async () => {
    await using world = await openWorld();
    world.bus.isDown = true;
    expect((await world.event('dev.runvoy.execution.look.v1', {})).statusCode).toBe(500);
  });
});
