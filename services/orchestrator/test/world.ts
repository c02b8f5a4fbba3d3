import { randomBytes } from 'node:crypto';
import {
  apiKeyRef,
  createFirstAdmin,
  HOST_IMAGE,
  manualClock,
  newApiKey,
  registerImage,
  userRef,
  type JobRunner,
  type PlatformView,
  type Records,
  type RunPolicy,
  type SecretVault,
  type StartOrder,
} from '@runvoy/core';
import { MemoryArchive } from '@runvoy/core/contracts/memory-archive';
import { openSqliteRecords } from '@runvoy/provider-local';
import type { Role } from '@runvoy/protocol';
import { silentLogger } from '@runvoy/runtime';
import type { InjectOptions } from 'fastify';
import { documentedAnswers, type DocumentedAnswers } from '../contracts/index.ts';
import { buildOrchestrator, documentOf, type OrchestratorDeps } from '../src/index.ts';
import type { RatePolicy } from '../src/rate-limits.ts';

/** A platform that accepts everything and remembers what it was asked. */
function rememberingJobs() {
  const started: StartOrder[] = [];
  const cancelled: string[] = [];
  const first = Promise.withResolvers<string>();
  let answersLook: () => Promise<PlatformView> = async () => ({ state: 'absent', never: false });
  const jobs: JobRunner = {
    isolations: ['process'],
    longestGraceMs: Infinity,
    async start(order) {
      started.push(order);
      first.resolve(order.execution_id);
      return { outcome: 'started' };
    },
    look: () => answersLook(),
    async cancel({ execution_id }) {
      cancelled.push(execution_id);
    },
    readSafetyLane: async () => ({ entries: (async function* () {})(), final: true }),
    list: async () => ({ executions: [] }),
    forget: async () => undefined,
  };
  /** From now on looks are answered so. */
  const shows = (answer: PlatformView | Error | (() => Promise<PlatformView>)) => {
    answersLook = async () => {
      if (answer instanceof Error) throw answer;
      return typeof answer === 'function' ? answer() : answer;
    };
  };
  return { jobs, started, cancelled, shows, startedOnce: () => first.promise };
}

/** Seals by marking: what is tested here is who may ask for what, not cryptography. Its keys are names. */
const openVault: SecretVault = {
  keys: { current: async () => 'k', isOlder: async () => false, rotate: async () => 'k' },
  seal: async (plain) => plain,
  open: async (sealed) => sealed,
};

/** What is mounted is the same in every world. */
let documented: DocumentedAnswers | undefined;

/** The one site whose pages may read answers. */
export const OUR_ORIGIN = 'https://console.example.com';
export const T0 = Date.parse('2026-01-01T00:00:00Z');

/** The public API over an in-memory store, with an admin and a way to make other users. */
export async function openWorld(
  policy: Partial<RunPolicy> = {},
  rates?: RatePolicy,
  more: Partial<OrchestratorDeps> = {},
  records: Records & { close(): void | Promise<void> } = openSqliteRecords(':memory:'),
) {
  const clock = manualClock(T0);
  const archive = new MemoryArchive();
  const deps = { records, archive, clock, random: randomBytes };
  const { jobs, started, cancelled, shows, startedOnce } = rememberingJobs();
  const first = await createFirstAdmin(deps, { email: 'admin@example.com', key_name: 'k', request_id: 'r' });
  await registerImage(deps, { image: HOST_IMAGE }, { email: 'admin@example.com', requestId: 'r' });
  const undocumented: string[] = [];
  const app = buildOrchestrator({
    ...deps,
    jobs,
    startTimeoutMs: 600_000,
    vault: openVault,
    signingKeys: { current: { id: 'k1', secret: randomBytes(32) } },
    policy: {
      isolation: 'process',
      timeoutDefaultS: 3_600,
      timeoutMaxS: 604_800,
      stopTimeoutMs: 180_000,
      maxLogBytes: 1_000_000,
      trustAllUsers: true,
      gitRoots: [],
      cloud: 'LOCAL',
      ...policy,
    },
    logger: silentLogger,
    ...(rates === undefined ? {} : { rates }),
    version: '1.2.3',
    allowedOrigins: (origin) => origin === OUR_ORIGIN,
    streamUrl: () => 'ws://127.0.0.1:1/stream',
    consoleUrl: () => 'http://127.0.0.1:1',
    onAnswer: (answer) => {
      documented ??= documentedAnswers(documentOf(app, '1.2.3'));
      undocumented.push(...documented.problemsOf(answer));
    },
    ...more,
  });
  const adminKey = first!.api_key;
  return {
    /** What a reconcile needs besides store and clock. */
    healthDeps: {
      archive,
      jobs,
      random: randomBytes,
      upSinceMs: T0,
      startTimeoutMs: 600_000,
      signingKeys: { current: { id: 'k', secret: randomBytes(32) } },
    },
    app,
    records,
    archive,
    clock,
    started,
    cancelled,
    /** The id of the first run that was started, once there is one. */
    startedOnce,
    shows,
    adminKey,
    /** What was answered and is not in the OpenAPI document; anything left in it fails the test at its end. */
    undocumented,
    /** A key of a user with this role; the user is made when missing. */
    async keyOf(email: string, role: Role): Promise<string> {
      const user = {
        email,
        role,
        revoked: false,
        created_at_ms: T0,
        created_by_request_id: 'r',
        modified_by_request_id: 'r',
      };
      if (!(await records.get(userRef(email)))) await records.create(userRef(email), user);
      const { text, key } = newApiKey(randomBytes, { user_email: email, name: 'k', nowMs: T0 });
      await records.create(apiKeyRef(key.key_id), key);
      return text;
    },
    /** As runvoy's CLI calls: a JSON content type on everything, also without a body. */
    call(
      method: InjectOptions['method'],
      url: string,
      body?: unknown,
      key: string | undefined = adminKey,
      headers = {},
    ) {
      return app.inject({
        ...(method === undefined ? {} : { method }),
        url,
        headers: {
          'content-type': 'application/json',
          ...(key === undefined ? {} : { 'x-api-key': key }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      });
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await records.close();
      if (undocumented.length > 0) throw new Error(`Not as the OpenAPI document says:\n${undocumented.join('\n')}`);
    },
  };
}

export type World = Awaited<ReturnType<typeof openWorld>>;
