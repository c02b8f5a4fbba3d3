import { createHash, createHmac, randomBytes } from 'node:crypto';
import {
  executionRef,
  Failure,
  hashToken,
  manualClock,
  NO_LIMITS,
  runnerSession,
  type AttemptRef,
  type CloudEventEnvelope,
  type Execution,
  type JobRunner,
  type PlatformEntry,
  type PlatformView,
} from '@runvoy/core';
import { MemoryArchive } from '@runvoy/core/contracts/memory-archive';
import { openSqliteRecords } from '@runvoy/provider-local';
import { digestRow, signedText, type FinishedMessage, type LogLine, type LogsMessage } from '@runvoy/protocol';
import { silentLogger } from '@runvoy/runtime';
import { buildEventProcessor } from '../src/index.ts';

export const T0 = Date.parse('2026-01-01T00:00:00Z');
export const ID = 'a'.repeat(32);
/** What the platform calls the bound attempt. */
export const PLATFORM_NAME = 'rv-abc-12345';

const signingKeys = { current: { id: 'k', secret: randomBytes(32) } };
const session = runnerSession(signingKeys, ID, T0 + 1e9);
const signed = { expires_at: session.expires_at, key_id: session.key_id };

const mac = (text: string) => createHmac('sha256', Buffer.from(session.key, 'hex')).update(text).digest('hex');

export const LINES: readonly LogLine[] = [
  { seq: 1, stream: 'stdout', ms: T0, text: 'hi' },
  { seq: 2, stream: 'stderr', ms: T0, text: 'oh', partial: true },
];

/** What the runner prints beside what it sends. */
export const printedLogs = () => {
  const unsigned = { from: 1, lines: LINES, ...signed };
  const body: LogsMessage = { ...unsigned, mac: mac(signedText('logs', ID, unsigned)) };
  return { runvoy: 'logs', execution_id: ID, attempt: 1, body };
};

export const printedFinished = () => {
  const unsigned = {
    cause: 'exited' as const,
    exit_code: 3,
    started_at: T0,
    ended_at: T0 + 1_000,
    lines: 2,
    bytes: 4,
    sha256: createHash('sha256').update(LINES.map(digestRow).join('')).digest('hex'),
    maskings: 0,
    ...signed,
  };
  const body: FinishedMessage = { ...unsigned, mac: mac(signedText('finished', ID, unsigned)) };
  return { runvoy: 'finished', execution_id: ID, attempt: 1, body };
};

const running: Execution = {
  execution_id: ID,
  created_by: 'a@b.c',
  owned_by: ['a@b.c'],
  command: 'echo hi',
  image_id: 'alpine:latest-00000000',
  image: 'alpine',
  cpu: 1,
  memory_mib: 1,
  isolation: 'process',
  timeout_s: 60,
  grace_ms: 1_000,
  max_log_bytes: 1_000,
  request_id: 'r',
  modified_by_request_id: 'r',
  started_at_ms: T0,
  cloud: 'GCP',
  facts: {
    attempts: [{ attempt: 1, token_hash: hashToken('t'), made_at_ms: T0, platform_execution: PLATFORM_NAME }],
    bound: { attempt: 1, nonce_hash: hashToken('n'), platform_execution: PLATFORM_NAME, at_ms: T0 },
  },
  status: 'RUNNING',
  unfinished: true,
  faults: [],
};

/** The routes for events over an in-memory store that holds one running run. An entry is read as the platform entry it is. */
export async function openEventWorld(options: Partial<Parameters<typeof buildEventProcessor>[0]> = {}) {
  const records = openSqliteRecords(':memory:');
  const clock = manualClock(T0);
  const dead: { readonly event: CloudEventEnvelope; readonly reason: string }[] = [];
  const cancelled: AttemptRef[] = [];
  const platform: { views: Record<number, PlatformView>; listed: { ended: boolean; attempt: number }[] } = {
    views: { 1: { state: 'alive', platform_execution: PLATFORM_NAME, unwatched: false } },
    listed: [],
  };
  const jobs: JobRunner = {
    isolations: ['process'],
    longestGraceMs: Infinity,
    start: async () => ({ outcome: 'started' }),
    look: async ({ attempt }) => platform.views[attempt] ?? { state: 'absent', never: false },
    cancel: async (attempt) => {
      cancelled.push(attempt);
    },
    readSafetyLane: async () => ({ entries: (async function* () {})(), final: true }),
    list: async () => ({
      executions: platform.listed.map((one) => ({ execution_id: ID, platform_execution: PLATFORM_NAME, ...one })),
    }),
    forget: async () => undefined,
  };
  const archive = new MemoryArchive();
  await records.create(executionRef(ID), running);
  const app = buildEventProcessor({
    records,
    archive,
    jobs,
    clock,
    vault: { seal: async (plain) => plain, open: async (sealed) => sealed },
    bus: {
      publish: async () => undefined,
      deadLetter: async (event, reason) => {
        dead.push({ event, reason });
      },
    },
    random: randomBytes,
    signingKeys,
    upSinceMs: T0,
    startTimeoutMs: 600_000,
    limits: NO_LIMITS,
    logger: silentLogger,
    readPlatformEntry: (data) => {
      const { entry } = data as { readonly entry?: PlatformEntry };
      if (!entry) throw new Failure('INVALID_REQUEST', 'this is no entry');
      return entry;
    },
    ...options,
  });
  const inject = (url: string, payload: object, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json', ...headers }, payload });
  return {
    records,
    archive,
    clock,
    platform,
    dead,
    cancelled,
    inject,
    /** As Pub/Sub pushes what a sink sent it. */
    push: (
      entry: PlatformEntry | undefined,
      url = '/events/logs',
      logName = 'projects/p/logs/run.googleapis.com%2Fstdout',
    ) =>
      inject(url, {
        subscription: 'projects/p/subscriptions/s',
        message: {
          messageId: '1',
          data: Buffer.from(JSON.stringify({ insertId: 'i', logName, entry })).toString('base64'),
        },
      }),
    execution: async () => (await records.get(executionRef(ID)))!.value,
    /** Changes the stored run. */
    store: (change: (execution: Execution) => Execution) =>
      records.transact(async (tx) => tx.set(executionRef(ID), change((await tx.get(executionRef(ID)))!))),
    async [Symbol.asyncDispose]() {
      await app.close();
      records.close();
    },
  };
}
