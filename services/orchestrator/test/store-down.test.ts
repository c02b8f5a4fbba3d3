import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import type { Records } from '@runvoy/core';
import { openFirestoreRecords } from '@runvoy/provider-gcp';
import { openSqliteRecords } from '@runvoy/provider-local';
import { openWorld } from './world.ts';

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

test.each(STORES)(
  'with %s down a key that may be good is answered 503 and when to ask again, never as a bad key',
  async (_, open) => {
    const down = await open();
    await using world = await openWorld({}, undefined, { records: down });
    const answer = await world.call('GET', '/api/v1/executions');
    expect([answer.statusCode, answer.json().code, answer.headers['retry-after']]).toEqual([
      503,
      'STORE_UNAVAILABLE',
      '5',
    ]);
    expect((await world.call('GET', '/api/v1/executions', undefined, '')).statusCode).toBe(401);
    expect((await world.call('GET', '/api/v1/health')).statusCode).toBe(200);
    await down.close();
  },
  60_000,
);
