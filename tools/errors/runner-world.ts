import { createHmac, randomBytes } from 'node:crypto';
import { executionRef, manualClock, NO_LIMITS, type JobRunner, type SecretVault } from '../../libs/core/src/index.ts';
import {
  signedText,
  type BootstrapAnswer,
  type ExecutionStatus,
  type RunnerSession,
} from '../../libs/protocol/src/index.ts';
import { silentLogger } from '../../libs/runtime/src/index.ts';
import { buildProcessor } from '../../services/processor/src/index.ts';
import { openWorld, T0, type World } from '../../services/orchestrator/test/world.ts';

const vault: SecretVault = { seal: async (plain) => plain, open: async (sealed) => sealed };

/** A platform that takes everything, and where nothing ever happens. */
export const IDLE_JOBS: JobRunner = {
  isolations: ['process'],
  longestGraceMs: Infinity,
  start: async () => ({ outcome: 'started' }),
  look: async () => ({ state: 'absent', never: false }),
  cancel: async () => undefined,
  readSafetyLane: async () => ({ entries: (async function* () {})(), final: true }),
  list: async () => ({ executions: [] }),
  forget: async () => undefined,
};

/** A run that was accepted and started, and the door that its runner comes to. */
export async function openRunnerWorld({ identify }: { identify?: () => Promise<string | undefined> } = {}) {
  const world: World = await openWorld();
  const id: string = (await world.call('POST', '/api/v1/run', { command: 'true' })).json().execution_id;
  const { token, attempt } = world.started[0]!;
  const app = buildProcessor({
    records: world.records,
    archive: world.archive,
    clock: manualClock(T0),
    random: randomBytes,
    vault,
    bus: { publish: async () => undefined, deadLetter: async () => undefined },
    jobs: {
      ...IDLE_JOBS,
      ...(identify === undefined ? {} : { identify }),
    },
    signingKeys: { current: { id: 'k', secret: randomBytes(32) } },
    batchMs: 10,
    upSinceMs: T0,
    startTimeoutMs: 600_000,
    limits: NO_LIMITS,
    logger: silentLogger,
  });
  const post = (kind: string, payload: object) =>
    app.inject({ method: 'POST', url: `/runner/v1/executions/${id}/${kind}`, payload });
  return {
    post,
    bootstrap: (changes: object = {}) =>
      post('bootstrap', { token, attempt, nonce: '1'.repeat(32), runner_version: '1', ...changes }),
    /** A batch of one line, signed for this run. */
    batch(session: RunnerSession, text: string) {
      const lines = [{ seq: 1, stream: 'stdout' as const, ms: T0, text }];
      const unsigned = { from: 1, lines, expires_at: session.expires_at, key_id: session.key_id };
      const key = Buffer.from(session.key, 'hex');
      return {
        ...unsigned,
        mac: createHmac('sha256', key)
          .update(signedText('logs', id, unsigned))
          .digest('hex'),
      };
    },
    async session(): Promise<RunnerSession> {
      return (await this.bootstrap()).json<BootstrapAnswer>().session;
    },
    async put(status: ExecutionStatus): Promise<void> {
      const stored = (await world.records.get(executionRef(id)))!;
      await world.records.compareAndSet(executionRef(id), stored.version, { ...stored.value, status });
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await world[Symbol.asyncDispose]();
    },
  };
}
