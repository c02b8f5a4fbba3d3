import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { appendBatch, runnerSession, systemClock, verifyRunnerMessage, type SigningKeys } from '@runvoy/core';
import { signedText, type LogsMessage } from '@runvoy/protocol';
import { openSqliteRecords } from '@runvoy/provider-local';
import type { Benchmark } from '../measurement.ts';
import { sampleBatch, sampleExecution } from '../sample-run.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const BATCHES = 2_000;
const LINES = 100;
const RUNS_AT_ONCE = 16;
const KEYS: SigningKeys = { current: { id: 'k1', secret: Buffer.alloc(32, 1) } };

/** Signed batches of 100 lines from 16 runs at once, checked and stored durably; against inserting the same bodies one by one. */
export const append: Benchmark = {
  name: 'append',
  async run() {
    const batches = signedBatches();
    using directory = temporaryDirectory();
    const records = openSqliteRecords(join(directory.path, 'ours.sqlite'));
    const queue = [...batches];
    const ours = await perCpuSecond(async () => {
      const run = async () => {
        for (let next = queue.pop(); next; next = queue.pop()) {
          verifyRunnerMessage(KEYS, Date.now(), next.id, { kind: 'logs', body: next.batch });
          await appendBatch({ records, clock: systemClock }, next.id, next.batch);
        }
      };
      await Promise.all(Array.from({ length: RUNS_AT_ONCE }, run));
    });
    records.close();
    const bare = await perCpuSecond(async () => insertBare(join(directory.path, 'bare.sqlite'), batches));
    const floor = { what: 'one insert a batch', value: bare };
    return [{ what: 'append, batches of 100 lines', unit: 'batches/CPU-s', value: ours, floor }];
  },
};

function signedBatches(): { readonly id: string; readonly batch: LogsMessage }[] {
  return Array.from({ length: BATCHES }, (_, index) => {
    const id = sampleExecution(index % RUNS_AT_ONCE).execution_id;
    const { key, key_id, expires_at } = runnerSession(KEYS, id, Date.now() + 3_600_000);
    const batch = { ...sampleBatch(1 + index * LINES, LINES), key_id, expires_at };
    const mac = createHmac('sha256', Buffer.from(key, 'hex'))
      .update(signedText('logs', id, batch))
      .digest('hex');
    return { id, batch: { ...batch, mac } };
  });
}

function insertBare(path: string, batches: readonly { readonly id: string; readonly batch: LogsMessage }[]): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  database.exec(
    'CREATE TABLE chunks (id TEXT NOT NULL, first INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (id, first))',
  );
  const insert = database.prepare('INSERT INTO chunks (id, first, body) VALUES (?, ?, ?)');
  for (const { id, batch } of batches) insert.run(id, batch.from, Buffer.from(JSON.stringify(batch.lines)));
  database.close();
}

async function perCpuSecond(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return BATCHES / ((user + system) / 1e6);
}
