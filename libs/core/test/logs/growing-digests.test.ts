import { hash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { FinishedMessage, LogsMessage } from '@runvoy/protocol';
import fc from 'fast-check';
import { anyCharacter } from '@runvoy/protocol/contracts/any-character';
import type { EndRecord } from '../../src/executions/execution.ts';
import { Failure } from '../../src/failure.ts';
import { appendBatch } from '../../src/logs/append-batch.ts';
import { GrowingDigests } from '../../src/logs/growing-digests.ts';
import type { LogChunk } from '../../src/logs/log-chunk.ts';
import { digestStored } from '../../src/logs/prove-log.ts';
import { replayLane } from '../../src/logs/replay-lane.ts';
import { takeBatch } from '../../src/logs/take-batch.ts';
import { verifyLog } from '../../src/logs/verify-log.ts';
import type { Records } from '../../src/records/records.ts';
import type { Clock } from '../../src/time/clock.ts';
import { failingRecords } from '../failing-records.ts';
import { MemoryRecords } from '../memory-records.ts';
import { RunWorld, type RunningRun } from '../run-world.ts';

/** What may become of a create. */
type Fate = 'created' | 'failed' | 'created, and answered by an error';

/** A run whose batches one process stores, each of one line unless told. */
class StoredRun {
  readonly world: RunWorld;
  readonly run: RunningRun;
  digests = new GrowingDigests();

  private constructor(world: RunWorld, run: RunningRun) {
    this.world = world;
    this.run = run;
    world.digests = this.digests;
  }

  static async open(world?: RunWorld): Promise<StoredRun> {
    const here = world ?? (await RunWorld.open());
    return new StoredRun(here, await here.running());
  }

  /** Nothing of the process before is known. */
  restart(): void {
    this.digests = new GrowingDigests();
    this.world.digests = this.digests;
  }

  /** The batch comes by the fast lane; what comes back stores it. */
  take(batch: LogsMessage): (fate?: Fate) => Promise<unknown> {
    const taken = takeBatch(this.world, this.run.id, Buffer.from(JSON.stringify(batch)))!;
    return (fate = 'created') => appendBatch({ ...this.deps(fate), digests: this.digests }, this.run.id, taken);
  }

  /** Another process stores it, or the same one in another form. */
  append(batch: LogsMessage, digests?: GrowingDigests): Promise<unknown> {
    return appendBatch({ ...this.deps('created'), digests }, this.run.id, batch);
  }

  /** The create is the first step of an append. */
  deps(fate: Fate): { readonly records: Records; readonly clock: Clock } {
    const { records, clock } = this.world;
    if (fate === 'created') return { records, clock };
    return { ...failingRecords(records, { at: 1, when: fate === 'failed' ? 'before' : 'after' }), clock };
  }

  async store(...numbers: readonly number[]): Promise<void> {
    for (const number of numbers) await this.take(this.line(number))();
  }

  line(number: number): LogsMessage {
    return this.run.logs(number, textOf(number));
  }

  /** Of lines 1 to `lines`. */
  report(lines: number): FinishedMessage {
    return this.run.report({}, ...numbersTo(lines).map(textOf));
  }

  proves(lines: number): Promise<boolean> {
    return this.digests.proves(this.world.records, this.run.id, this.report(lines));
  }
}

const textOf = (number: number) => `line ${number} "ö"`;
const numbersTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe('a log that this process has stored whole is proven', () => {
  test('with its report, and nothing of it is read', async () => {
    const log = await StoredRun.open();
    const { run, world } = log;
    await log.store(...numbersTo(40));
    const [writes, reads] = [world.records.writes.length, world.records.reads];
    expect((await run.finish({}, ...numbersTo(40).map(textOf))).log_proven).toBe(true);
    expect(world.records.writes.slice(writes)).toEqual([`set executions/${run.id}`]);
    expect(world.records.reads - reads).toBe(0);
  });

  test('and whoever has it verified has all of it read', async () => {
    const log = await StoredRun.open();
    const { run, world } = log;
    await log.store(...numbersTo(40));
    await run.finish({}, ...numbersTo(40).map(textOf));
    const { reads } = world.records;
    expect(await verifyLog(world, await run.execution())).toMatchObject({ completeness: 'complete' });
    expect(world.records.reads - reads).toBeGreaterThan(2);
  });

  test.each([
    ['one after the other', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['the first behind the second', [2, 1, 3, 4, 5, 6, 7, 8]],
    ['the last first', [8, 7, 6, 5, 4, 3, 2, 1]],
    ['in two groups that were mixed', [1, 5, 2, 6, 3, 7, 4, 8]],
    ['one of them twice', [1, 2, 2, 3, 4, 5, 6, 7, 8]],
    ['one that waits for its turn twice', [1, 3, 3, 2, 4, 5, 6, 7, 8]],
    ['all of them again', [...numbersTo(8), ...numbersTo(8)]],
  ])('when its batches came %s', async (_, numbers) => {
    const log = await StoredRun.open();
    await log.store(...numbers);
    expect(await log.proves(8)).toBe(true);
  });

  test('when all were on their way before the first was stored, and the last was stored first', async () => {
    const log = await StoredRun.open();
    const stores = numbersTo(8).map((number) => log.take(log.line(number)));
    for (const store of stores.toReversed()) await store();
    expect(await log.proves(8)).toBe(true);
  });

  test('when a create failed and was tried again with the same content', async () => {
    const log = await StoredRun.open();
    await log.store(1);
    await expect(log.take(log.line(2))('failed')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await log.store(3, 2);
    expect(await log.proves(3)).toBe(true);
  });

  test('when the second lane brought what the first had not stored', async () => {
    const log = await StoredRun.open();
    await expect(log.take(log.line(1))('failed')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    log.world.jobs.keeps(1, { entries: [log.run.laneEntry(log.line(1))], final: false });
    await replayLane(log.world, { execution_id: log.run.id, attempt: 1 });
    await log.store(2);
    expect(await log.proves(2)).toBe(true);
  });
});

describe('a log is not proven by what was stored of it, and is read', () => {
  const never: readonly (readonly [string, (log: StoredRun) => Promise<unknown>])[] = [
    ['when a batch is missing', (log) => log.store(1, 3)],
    ['when the first is missing', (log) => log.store(2, 3)],
    ['when the last is missing', (log) => log.store(1, 2)],
    ['when there is one too many', (log) => log.store(1, 2, 3, 4)],
    ['when nothing came', async () => undefined],
    [
      'when a text is another than the report says',
      async (log) => {
        await log.store(1, 2);
        await log.take(log.run.logs(3, 'another'))();
      },
    ],
    [
      'when a batch was not stored',
      async (log) => {
        await log.store(1, 2);
        await log
          .take(log.line(3))('failed')
          .catch(() => undefined);
      },
    ],
    [
      'when another process has stored a batch',
      async (log) => {
        await log.append(log.line(2));
        await log.store(1, 2, 3);
      },
    ],
    [
      'when nobody knows whether this process has stored a batch',
      async (log) => {
        await log.store(1);
        await log
          .take(log.line(2))('created, and answered by an error')
          .catch(() => undefined);
        await log.store(2, 3);
      },
    ],
    [
      'when a create failed and was tried again with other content',
      async (log) => {
        await log.store(1);
        await log
          .take(log.line(2))('failed')
          .catch(() => undefined);
        await log.take(log.run.logs(2, 'another'))();
        await log.store(3);
      },
    ],
    [
      'when a batch that waited for its turn was stored with other content',
      async (log) => {
        await log
          .take(log.line(2))('failed')
          .catch(() => undefined);
        await log.take(log.run.logs(2, 'another'))();
        await log.store(1, 3);
      },
    ],
    [
      'when another content of a batch was stored before',
      async (log) => {
        await log.append(log.run.logs(2, 'another'), log.digests);
        await log.store(1);
        await log
          .take(log.line(2))()
          .catch(() => undefined);
        await log.store(3);
      },
    ],
    [
      'when a batch came in another form',
      async (log) => {
        await log.store(1);
        await log.append(log.line(2), log.digests);
        await log.store(3);
      },
    ],
    [
      'when the process has begun in the middle',
      async (log) => {
        await log.store(1);
        log.restart();
        await log.store(2, 3);
      },
    ],
    [
      'when the process has begun in the middle and the first batch came again',
      async (log) => {
        await log.store(1);
        log.restart();
        await log.store(1, 2, 3);
      },
    ],
    [
      'when lines lie under two numbers of batches',
      async (log) => {
        await log.store(1);
        await log.take(log.run.logs(2, textOf(2), textOf(3)))();
        await log.store(3);
      },
    ],
    [
      'when a batch that waited for its turn lies within another',
      async (log) => {
        await log.store(1, 3);
        await log.take(log.run.logs(2, textOf(2), textOf(3)))();
      },
    ],
    [
      'when the process has begun behind a batch that lies within another',
      async (log) => {
        await log.store(2);
        log.restart();
        await log.take(log.run.logs(1, textOf(1), textOf(2), textOf(3)))();
      },
    ],
  ];

  test.each(never)('%s', async (_, happen) => {
    const log = await StoredRun.open();
    await happen(log);
    expect(await log.proves(3)).toBe(false);
  });

  test('when its report states more lines than its digest is of', async () => {
    const log = await StoredRun.open();
    await log.store(1, 2, 3);
    const { sha256 } = log.report(3);
    const end = log.run.report({ sha256 }, ...numbersTo(4).map(textOf));
    expect(await log.digests.proves(log.world.records, log.run.id, end)).toBe(false);
  });

  test('when it has been asked for already: each log is forgotten at its end', async () => {
    const log = await StoredRun.open();
    await log.store(1, 2, 3);
    expect([await log.proves(3), await log.proves(3)]).toEqual([true, false]);
  });

  test('when the report comes before the store has answered, and the log is proven by reading', async () => {
    const log = await StoredRun.open();
    await log.store(1, 2);
    const store = log.take(log.line(3));
    expect((await log.run.finish({}, ...numbersTo(3).map(textOf))).log_proven).toBeUndefined();
    await store();
    expect((await log.run.finish({}, ...numbersTo(3).map(textOf))).log_proven).toBe(true);
  });

  test('when the count of its chunks cannot be read; the report is stored all the same', async () => {
    const log = await StoredRun.open();
    await log.store(1);
    log.world.records.count = async () => {
      throw new Failure('STORE_UNAVAILABLE');
    };
    const execution = await log.run.finish({}, textOf(1));
    expect([execution.facts.report?.exit_code, execution.log_proven]).toEqual([0, undefined]);
  });
});

test('a batch that nobody has signed is not added, and hinders nothing', async () => {
  const log = await StoredRun.open();
  const forged = { ...log.run.logs(1, 'forged'), mac: '0'.repeat(64) };
  await expect(log.take(forged)()).rejects.toMatchObject({ code: 'BAD_SIGNATURE' });
  await log.store(1, 2);
  expect(await log.proves(2)).toBe(true);
});

describe('what is kept is bounded', () => {
  test.each([
    [15, true],
    [16, false],
    [40, false],
  ])('when %i batches come before the first, the log is proven: %s', async (count, isProven) => {
    const log = await StoredRun.open();
    await log.store(...numbersTo(count + 1).slice(1), 1);
    expect(await log.proves(count + 1)).toBe(isProven);
  });

  test('when 256 others are stored, the log of which nothing was heard for the longest time is read', async () => {
    const digests = new GrowingDigests();
    const store = (log: string, from: number) => {
      digests.take(chunkOf(log, from), () => Buffer.from('x'));
      digests.stored(chunkOf(log, from));
    };
    for (const log of ['first', 'second']) store(log, 1);
    store('first', 2);
    for (let other = 1; other <= 255; other += 1) store(`log ${other}`, 1);
    const end = endOf(2, Buffer.from('xx'));
    expect(await digests.proves(holding(2), 'first', end)).toBe(true);
    store('second', 2);
    expect(await digests.proves(holding(2), 'second', end)).toBe(false);
  });

  test('when more than 16 MiB wait for their turn, the log of which nothing was heard for the longest time is read', async () => {
    const digests = new GrowingDigests();
    const [first, others] = [Buffer.alloc(1), Buffer.alloc(1024 * 1024)];
    const come = (log: string, ...numbers: readonly number[]) => {
      for (const from of numbers) {
        digests.take(chunkOf(log, from), () => (from === 1 ? first : others));
        digests.stored(chunkOf(log, from));
      }
    };
    const later = numbersTo(10).slice(1);
    come('in order', 1, ...later);
    come('begun', 1);
    come('silent', ...later);
    come('loud', ...later);
    for (const log of ['silent', 'loud']) come(log, 1);
    come('begun', ...later);
    const end = endOf(10, first, ...later.map(() => others));
    const isProven = (log: string) => digests.proves(holding(10), log, end);
    expect(await Promise.all(['in order', 'begun', 'silent', 'loud'].map(isProven))).toEqual([true, true, false, true]);
  });

  /** A chunk of one line. */
  function chunkOf(execution_id: string, from: number): LogChunk {
    const content_hash = `${execution_id} ${from}`;
    return { execution_id, from, through: from, content_hash, body: Buffer.alloc(0), stored_at_ms: 0 };
  }

  function endOf(lines: number, ...rows: readonly Buffer[]): EndRecord {
    return { lines, bytes: 0, sha256: hash('sha256', Buffer.concat(rows)), maskings: 0 };
  }

  function holding(chunks: number): Records {
    return Object.assign(new MemoryRecords(), { count: async () => chunks });
  }
});

describe('whatever happens to the batches of a log', () => {
  const texts = fc.array(
    fc.string({ unit: anyCharacter }).map((text) => text.toWellFormed().replaceAll('\n', '')),
    {
      minLength: 1,
      maxLength: 12,
    },
  );
  /** A log in batches, as an honest runner cuts it. */
  const cutLog = fc
    .tuple(texts, fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 12, maxLength: 12 }))
    .map(([lines, sizes]) => {
      const batches: { readonly from: number; readonly texts: readonly string[] }[] = [];
      for (let from = 1; from <= lines.length;) {
        const batch = lines.slice(from - 1, from - 1 + sizes[batches.length]!);
        batches.push({ from, texts: batch });
        from += batch.length;
      }
      return { lines, batches };
    });

  test('a log whose batches come in order and are all stored is proven', async () => {
    await fc.assert(
      fc.asyncProperty(cutLog, async ({ lines, batches }) => {
        const log = await StoredRun.open();
        for (const { from, texts: some } of batches) await log.take(log.run.logs(from, ...some))();
        const end = log.run.report({}, ...lines);
        expect(await log.digests.proves(log.world.records, log.run.id, end)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('it is proven only when reading what is stored proves it', async () => {
    const way = fc.constantFrom('fast', 'fast', 'fast', 'fast', 'same process', 'other process', 'restart');
    const fate = fc.constantFrom<Fate[]>(
      'created',
      'created',
      'created',
      'failed',
      'created, and answered by an error',
    );
    const delivery = fc.record({
      way,
      fate,
      // By its place in the log, somewhere near the order.
      place: fc.nat(11),
      change: fc.constantFrom('none', 'none', 'none', 'none', 'text', 'shorter', 'longer', 'later'),
      /** How many others come before it is stored. */
      storedAfter: fc.nat(3),
    });
    const shift = fc.array(fc.nat(3), { minLength: 12, maxLength: 12 });
    const history = fc
      .tuple(cutLog, fc.array(delivery, { maxLength: 6 }), shift, shift)
      .map(([cut, strange, shifts, delays]) => {
        const plain = cut.batches.map((_, place) => ({
          way: 'fast',
          fate: 'created' as Fate,
          place,
          change: 'none',
          storedAfter: delays[place]!,
          at: place + shifts[place]!,
        }));
        const all = [...plain, ...strange.map((one, index) => ({ ...one, at: one.place + shifts[index]! }))];
        return { ...cut, deliveries: all.toSorted((a, b) => a.at - b.at) };
      });
    const seen = { proven: 0, strangeAndProven: 0, unproven: 0 };
    await fc.assert(
      fc.asyncProperty(history, async ({ lines, batches, deliveries }) => {
        const log = await StoredRun.open();
        const waiting: { readonly at: number; readonly store: () => Promise<unknown> }[] = [];
        for (const [index, { way: by, fate: becomes, place, change, storedAfter }] of deliveries.entries()) {
          const { from, texts: some } = batches[place % batches.length]!;
          const message = log.run.logs(from + Number(change === 'later'), ...changed(some, change));
          if (by === 'restart') log.restart();
          const { digests } = log;
          const store =
            by === 'same process' || by === 'other process'
              ? () => log.append(message, by === 'same process' ? digests : undefined)
              : log.take(message);
          waiting.push({ at: index + storedAfter, store: () => store(becomes) });
          for (const due of waiting.filter(({ at }) => at <= index)) {
            waiting.splice(waiting.indexOf(due), 1);
            await due.store().catch(() => undefined);
          }
        }
        for (const { store } of waiting) await store().catch(() => undefined);
        const end = log.run.report({}, ...lines);
        const { records } = log.world;
        const isProven = await log.digests.proves(records, log.run.id, end);
        const read = await digestStored(log.world, log.run.id, end.lines);
        if (isProven) expect(read).toEqual({ gaps: [], sha256: end.sha256 });
        seen[isProven ? (deliveries.length > batches.length ? 'strangeAndProven' : 'proven') : 'unproven'] += 1;
      }),
      { numRuns: 600 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(30);
  });
});

function changed(texts: readonly string[], change: string): readonly string[] {
  if (change === 'text') return texts.map((text) => `${text}!`);
  if (change === 'shorter' && texts.length > 1) return texts.slice(1);
  return change === 'longer' ? [...texts, 'more'] : texts;
}
