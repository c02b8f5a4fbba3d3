import { describe, expect, test } from '@jest/globals';
import type { Archive } from '../../src/archive/archive.ts';
import { archiveLogs } from '../../src/logs/archive-logs.ts';
import { requireKeptLog } from '../../src/logs/expire-log.ts';
import { failingRecords, type Fault } from '../failing-records.ts';
import { ArchivedLog } from './archived-log.ts';

const CUT = [2, 3, 1, 4, 2, 2, 5, 1, 3];
const RETENTION = { logRetentionDays: 30 };

/** The archiver's store, which dies at one step of records and archive together: nothing answers after it. */
function dyingAt(log: ArchivedLog, fault?: Fault) {
  const calls = failingRecords(log.records, fault, { staysDead: true });
  let isDead = false;
  // Every step is a step of the records' counter, whichever port it asks.
  const step = <R>(work: () => Promise<R>): Promise<R> => calls.step(work);
  const archive: Archive = {
    put: (name, content) => step(() => log.archive.put(name, content)),
    get: (name, range) => step(() => log.archive.get(name, range)),
    delete: (name) => step(() => log.archive.delete(name)),
    list: (prefix, page) => step(() => log.archive.list(prefix, page)),
  };
  const { clock, segmentSize } = log;
  const run = async () => {
    await archiveLogs({ records: calls.records, archive, clock, segmentSize, ...RETENTION }, () => {
      isDead = true;
    }).catch(() => (isDead = true));
    return isDead;
  };
  return { run, steps: () => calls.steps() };
}

/** A log as it is when that part of the archiver's work begins. */
const STAGES: Readonly<Record<string, () => Promise<ArchivedLog>>> = {
  'is sealed': () => ArchivedLog.of(CUT, [4]),
  'loses its records': async () => {
    const log = await ArchivedLog.of(CUT, [4]);
    await dyingAt(log).run();
    await log.passSession();
    return log;
  },
  expires: async () => {
    const log = await STAGES['loses its records']!();
    await dyingAt(log).run();
    log.clock.advance(31 * 86_400_000);
    return log;
  },
};

/** What a door answers: the lines, or that they are not kept. */
async function asked(log: ArchivedLog) {
  try {
    requireKeptLog(await log.execution());
  } catch {
    return 'expired';
  }
  return log.read();
}

async function ended(log: ArchivedLog) {
  const { log_archive, log_expired, archive_due_at_ms, log_since_ms } = await log.execution();
  const { sealed_at_ms: _, chunks_removed_at_ms: removed, ...manifest } = log_archive ?? {};
  const left = [log.chunkRecords(), log.archive.blobs.size];
  return { manifest, isRemoved: removed !== undefined, log_expired, archive_due_at_ms, log_since_ms, left };
}

describe.each(Object.keys(STAGES))('when a log %s', (stage) => {
  test('a death at any step leaves every line readable, and the next archiver comes to the same end', async () => {
    const whole = await STAGES[stage]!();
    const undisturbed = dyingAt(whole);
    await undisturbed.run();
    const end = await ended(whole);
    expect(undisturbed.steps()).toBeGreaterThan(8);
    for (let at = 1; at <= undisturbed.steps(); at += 1) {
      for (const when of ['before', 'after'] as const) {
        const log = await STAGES[stage]!();
        expect([at, when, await dyingAt(log, { at, when }).run()]).toEqual([at, when, true]);
        const after = await asked(log);
        if (stage !== 'expires' || after !== 'expired') expect([at, when, after]).toEqual([at, when, log.stored]);
        // Two come at once where one died.
        await Promise.all([dyingAt(log).run(), dyingAt(log).run()]);
        expect(await asked(log)).toEqual(stage === 'expires' ? 'expired' : log.stored);
        expect([at, when, await ended(log)]).toEqual([at, when, end]);
      }
    }
  });
});
