import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { appendBatch, manualClock, runnerSession, takeBatch, takeLaneEntry } from '@runvoy/core';
import { MemoryArchive } from '@runvoy/core/contracts/memory-archive';
import { LIMITS, signedText, type LogLine, type LogsMessage, type SafetyLaneEntry } from '@runvoy/protocol';
import { openFirestoreRecords } from '../../src/records.ts';
import { keptDocuments } from './kept-documents.ts';

// What the write path of a log asks of Firestore: a request more for each chunk is one that every run of every deployment pays.

const ID = 'a'.repeat(32);
const LINES = 360;
const CHUNKS = 12;
/** As many as a runner has on their way at least, and as a subscription pushes at once. */
const AT_ONCE = 4;
/** Bytes are base64 in JSON, a third longer; beside them stand a name and six small fields. */
const CHUNK_REQUEST_BYTES = Math.ceil((LIMITS.batchBytes * 4) / 3) + 1_024;

const signingKeys = { current: { id: 'k', secret: Buffer.alloc(32, 1) } };
const session = runnerSession(signingKeys, ID, 1e12);

function batchFrom(from: number): LogsMessage {
  const lines = Array.from({ length: LINES }, (_, nth): LogLine => {
    return { seq: from + nth, stream: 'stdout', ms: 1, text: `${from + nth} `.padEnd(200, '.') };
  });
  const unsigned = { from, lines, expires_at: session.expires_at, key_id: session.key_id };
  const mac = createHmac('sha256', Buffer.from(session.key, 'hex')).update(signedText('logs', ID, unsigned));
  return { ...unsigned, mac: mac.digest('hex') };
}

const batches = Array.from({ length: CHUNKS }, (_, nth) => batchFrom(1 + nth * LINES));
const entryOf = (body: LogsMessage): SafetyLaneEntry => ({ runvoy: 'logs', execution_id: ID, attempt: 1, body });

async function openWritePath() {
  const store = await keptDocuments();
  const clock = manualClock(0);
  const records = openFirestoreRecords({ projectId: 'p', host: store.host, clock });
  const deps = { records, clock, signingKeys, archive: new MemoryArchive() };
  let seen = 0;
  return {
    /** As the intake does it. */
    byFastLane: (batch: LogsMessage) =>
      appendBatch(deps, ID, takeBatch(deps, ID, Buffer.from(JSON.stringify(batch))) ?? batch),
    /** As the processor does it. */
    bySafetyLane: (batch: LogsMessage) => takeLaneEntry(deps, entryOf(batch)),
    /** What was asked since this was last called. */
    asked() {
      const since = store.asked.slice(seen);
      seen = store.asked.length;
      return since;
    },
    async [Symbol.asyncDispose]() {
      await records.close();
      await store[Symbol.asyncDispose]();
    },
  };
}

async function severalAtOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    done.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(work))));
  }
  return done;
}

const callsOf = (asked: readonly { readonly call: string }[]) => asked.map(({ call }) => call);

describe('of the store', () => {
  test('the fast lane asks one create for a chunk, of no more than the chunk takes', async () => {
    await using path = await openWritePath();
    await severalAtOnce(batches, path.byFastLane);
    const asked = path.asked();
    expect(callsOf(asked)).toEqual(Array.from({ length: CHUNKS }, () => 'commit'));
    for (const { requestBytes } of asked) expect(requestBytes).toBeLessThan(CHUNK_REQUEST_BYTES);
  });

  test('the safety lane asks of chunks that are there one small read for those that come together, and creates nothing', async () => {
    await using path = await openWritePath();
    await severalAtOnce(batches, path.byFastLane);
    path.asked();
    // Of each group the first is asked for alone, and the others while its answer is on its way.
    expect(new Set(await severalAtOnce(batches, path.bySafetyLane))).toEqual(new Set(['known']));
    const asked = path.asked();
    expect(callsOf(asked)).toEqual(Array.from({ length: (2 * CHUNKS) / AT_ONCE }, () => 'batchGet'));
    for (const one of asked) expect(one.requestBytes + one.answerBytes).toBeLessThan(AT_ONCE * 512);
  });

  test('the safety lane asks no more when messages come twice and in any order', async () => {
    await using path = await openWritePath();
    await severalAtOnce(batches, path.byFastLane);
    path.asked();
    await severalAtOnce([...batches, ...batches].toReversed(), path.bySafetyLane);
    const asked = path.asked();
    expect(new Set(callsOf(asked))).toEqual(new Set(['batchGet']));
    expect(asked.length).toBeLessThanOrEqual((2 * 2 * CHUNKS) / AT_ONCE);
  });

  test('a chunk that the safety lane alone brings takes one create', async () => {
    await using path = await openWritePath();
    expect(await path.bySafetyLane(batches[0]!)).toBe('logs');
    // The hash, the create, and the run: whether its log lacked only this.
    expect(callsOf(path.asked())).toEqual(['batchGet', 'commit', 'batchGet']);
  });

  test('a batch that a runner sends again takes the create that is refused and one small read', async () => {
    await using path = await openWritePath();
    await path.byFastLane(batches[0]!);
    path.asked();
    expect(await path.byFastLane(batches[0]!)).toMatchObject({ isNew: false });
    const [refused, read] = path.asked();
    expect([refused?.call, read?.call]).toEqual(['commit', 'batchGet']);
    expect(read!.answerBytes).toBeLessThan(512);
  });
});
