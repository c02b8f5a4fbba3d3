import { expect, test } from '@jest/globals';
import { addToOutbox, drainOutbox, newEvent } from '../../src/events/outbox.ts';
import type { CloudEventEnvelope } from '../../src/events/event-bus.ts';
import { MemoryRecords } from '../memory-records.ts';

const tickAt = (at_ms: number) =>
  newEvent('dev.runvoy.tick.v1', { at_ms }, { id: `tick-${at_ms}`, subject: 'clock', at_ms });

async function withEvents(...times: readonly number[]): Promise<MemoryRecords> {
  const records = new MemoryRecords();
  for (const time of times) await records.transact(async (tx) => addToOutbox(tx, tickAt(time), time));
  return records;
}

test('what waits is published oldest first, and forgotten', async () => {
  const records = await withEvents(30, 10, 20);
  const published: CloudEventEnvelope[] = [];
  const bus = { publish: async (event: CloudEventEnvelope) => void published.push(event) };
  expect(await drainOutbox({ records, bus })).toBe(3);
  expect(published.map(({ id }) => id)).toEqual(['tick-10', 'tick-20', 'tick-30']);
  expect(await drainOutbox({ records, bus })).toBe(0);
});

test('[outbox] a crash between publishing and forgetting publishes again', async () => {
  const records = await withEvents(1, 2);
  const published: string[] = [];
  const bus = {
    publish: async ({ id }: CloudEventEnvelope) => {
      published.push(id);
    },
  };
  const crashing = Object.assign(Object.create(records) as MemoryRecords, {
    page: records.page.bind(records),
    delete: () => Promise.reject(new Error('crashed')),
  });
  await expect(drainOutbox({ records: crashing, bus })).rejects.toThrow('crashed');
  expect(await drainOutbox({ records, bus })).toBe(2);
  expect(published).toEqual(['tick-1', 'tick-1', 'tick-2']);
});

test('[outbox] a bus that fails leaves the rest for the next time', async () => {
  const records = await withEvents(1, 2, 3);
  const published: string[] = [];
  let isDown = true;
  const bus = {
    publish: async ({ id }: CloudEventEnvelope) => {
      if (isDown && id === 'tick-2') throw new Error('bus down');
      published.push(id);
    },
  };
  await expect(drainOutbox({ records, bus })).rejects.toThrow('bus down');
  isDown = false;
  expect(await drainOutbox({ records, bus })).toBe(2);
  expect(published).toEqual(['tick-1', 'tick-2', 'tick-3']);
});

test('no more than the limit is published at once', async () => {
  const records = await withEvents(1, 2, 3);
  const bus = { publish: async () => undefined };
  expect(await drainOutbox({ records, bus }, 2)).toBe(2);
  expect(await drainOutbox({ records, bus }, 2)).toBe(1);
});

test('an event of a transaction that fails is not published', async () => {
  const records = new MemoryRecords();
  const failing = records.transact(async (tx) => {
    addToOutbox(tx, tickAt(1), 1);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(await drainOutbox({ records, bus: { publish: async () => undefined } })).toBe(0);
});

test('told twice under one id, it is one event', async () => {
  const records = await withEvents(1, 1);
  expect(await drainOutbox({ records, bus: { publish: async () => undefined } })).toBe(1);
});
