import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { PlatformEntry, Records } from '@runvoy/core';
import { openFirestoreRecords } from '@runvoy/provider-gcp';
import { openSqliteRecords } from '@runvoy/provider-local';
import { ID, openEventWorld, PLATFORM_NAME, printedFinished, printedLogs, T0 } from './event-world.ts';

/** Each provider’s store, when it does not answer. */
const STORES: readonly (readonly [string, () => Promise<Records & { close(): Promise<void> | void }>])[] = [
  [
    'SQLite',
    async () => {
      const records = openSqliteRecords(':memory:');
      records.close();
      return records;
    },
  ],
  ['Firestore', async () => openFirestoreRecords({ projectId: 'none', host: await deadHost(), random: () => 0 })],
];

/** A port that nobody listens on any more. */
async function deadHost(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

const STRUCTURED = { 'content-type': 'application/cloudevents+json' };
const event = (type: string, data: object = {}) => ({ specversion: '1.0', id: type, source: '/test', type, data });
const output = (printed: unknown): PlatformEntry =>
  ({ kind: 'output', platform_execution: PLATFORM_NAME, printed, at_ms: T0 }) as never;

type World = Awaited<ReturnType<typeof openEventWorld>>;

const EVENTS: readonly (readonly [string, (world: World) => Promise<{ statusCode: number; body: string }>])[] = [
  ['a tick', (world) => world.inject('/events/tick', event('dev.runvoy.tick.v1'), STRUCTURED)],
  ['the hourly sweep', (world) => world.inject('/events/tick', event('dev.runvoy.sweep.v1'), STRUCTURED)],
  [
    'a look',
    (world) => world.inject('/events', event('dev.runvoy.execution.look.v1', { execution_id: ID }), STRUCTURED),
  ],
  [
    'an end',
    (world) => world.inject('/events', event('dev.runvoy.execution.finished.v1', { execution_id: ID }), STRUCTURED),
  ],
  [
    'an execution of the platform that changed',
    (world) =>
      world.push(
        { kind: 'execution_changed', execution_id: ID, platform_execution: PLATFORM_NAME } as never,
        '/events',
      ),
  ],
  ['a batch of lines', (world) => world.push(output(printedLogs()))],
  ['a runner’s end', (world) => world.push(output(printedFinished()))],
  ['output that nobody has signed', (world) => world.push(output('hello'))],
  [
    'an entry of the system',
    (world) => world.push({ kind: 'system', platform_execution: PLATFORM_NAME, text: 'oom', at_ms: T0 } as never),
  ],
];

describe.each(STORES)('with %s down', (_, open) => {
  test.each(EVENTS)('%s is answered 503, and comes again', async (__, send) => {
    const records = await open();
    await using world = await openEventWorld({ records });
    const { statusCode, body } = await send(world);
    expect([statusCode, body]).toEqual([503, body]);
    await records.close();
  });
});
