import { randomBytes } from 'node:crypto';
import { apiKeyRef, hashToken, keyIdOf, systemClock, userRef, type Records } from '@runvoy/core';
import { MemoryArchive } from '@runvoy/core/contracts/memory-archive';
import { newLogger, serve } from '@runvoy/runtime';
import { buildOrchestrator } from '../../services/orchestrator/src/index.ts';
import { noJobs } from '../../services/orchestrator/src/no-jobs.ts';
import { FLOOR_KEY } from './floor-key.ts';

// The orchestrator without anything of a cloud: its records are one user with a key, in memory.
const email = 'admin@example.com';
const [user, key] = [userRef(email), apiKeyRef(keyIdOf(FLOOR_KEY)!)];
const now = Date.now();
const held: Readonly<Record<string, unknown>> = {
  [user.id]: { email, role: 'admin', revoked: false, created_at_ms: now, created_by: email },
  [key.id]: { key_id: key.id, user_email: email, hash: hashToken(FLOOR_KEY), revoked: false, last_used_at_ms: now },
};
const records = {
  get: async ({ id }: { readonly id: string }) =>
    held[id] === undefined ? undefined : { value: held[id], version: '1' },
  page: async () => ({ records: [] }),
} as unknown as Records;
const logger = newLogger('info', (line) => void process.stdout.write(line));

await serve(async () => ({
  name: 'orchestrator',
  port: 0,
  logger,
  checks: {},
  app: buildOrchestrator({
    records,
    archive: new MemoryArchive(),
    logger,
    vault: { seal: async (plain) => plain, open: async (sealed) => sealed },
    jobs: noJobs('this is a benchmark'),
    startTimeoutMs: 600_000,
    clock: systemClock,
    random: randomBytes,
    version: '0.0.0',
    signingKeys: { current: { id: 'k1', secret: randomBytes(32) } },
    policy: {
      isolation: 'cloud-run',
      timeoutDefaultS: 3_600,
      timeoutMaxS: 3_600,
      stopTimeoutMs: 180_000,
      maxLogBytes: 1_000_000,
      trustAllUsers: true,
      gitRoots: [],
      cloud: 'GCP',
    },
    streamUrl: () => 'wss://example.com/stream',
    consoleUrl: () => 'https://example.com',
  }),
}));
