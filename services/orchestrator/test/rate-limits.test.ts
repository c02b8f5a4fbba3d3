import { expect, test } from '@jest/globals';
import { openWorld } from './world.ts';

const RATES = { perKey: 3, refusedPerAddress: 2, trustedProxyHops: 1 };
const NO_KEY = `rvy_${'a'.repeat(20)}_${'b'.repeat(43)}`;

test('beyond its limit a key is refused with 429 and told when to come again; reads and submits are counted apart', async () => {
  await using world = await openWorld({}, RATES);
  const read = () => world.call('GET', '/api/v1/executions');
  const first = await read();
  expect(first.headers['ratelimit-policy']).toBe('"reads";q=3;w=60');
  expect(first.headers['ratelimit']).toBe('"reads";r=2;t=60');
  await read();
  await read();
  const refused = await read();
  expect([refused.statusCode, refused.json().code]).toEqual([429, 'RATE_LIMITED']);
  expect(refused.headers['retry-after']).toBe('80');
  expect((await world.call('POST', '/api/v1/run', { command: 'x' })).statusCode).toBe(202);
  const other = await world.keyOf('dev@example.com', 'developer');
  expect((await world.call('GET', '/api/v1/executions', undefined, other)).statusCode).toBe(200);
  world.clock.advance(120_000);
  expect((await read()).statusCode).toBe(200);
});

test('an address that guesses keys or claims is refused before the store is asked, whatever it writes into the header', async () => {
  await using world = await openWorld({}, RATES);
  const from = (address: string, key: string, path = '/api/v1/executions') =>
    world.call('GET', path, undefined, key, { 'x-forwarded-for': `${Math.random()}, ${address}` });
  expect((await from('192.0.2.1', NO_KEY)).statusCode).toBe(401);
  expect((await from('192.0.2.1', '', '/api/v1/claim/none')).statusCode).toBe(404);
  expect((await from('192.0.2.1', NO_KEY)).statusCode).toBe(429);
  expect((await from('192.0.2.1', '', '/api/v1/claim/none')).statusCode).toBe(429);
  expect((await from('192.0.2.1', world.adminKey)).statusCode).toBe(429);
  expect((await from('192.0.2.2', world.adminKey)).statusCode).toBe(200);
});

test('without a policy nothing is counted and nothing is told', async () => {
  await using world = await openWorld();
  const answer = await world.call('GET', '/api/v1/executions');
  expect(answer.headers['ratelimit']).toBeUndefined();
});
