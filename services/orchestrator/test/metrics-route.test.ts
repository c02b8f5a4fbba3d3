import { expect, test } from '@jest/globals';
import { Metrics } from '@runvoy/runtime';
import { openWorld } from './world.ts';

test('read from this machine alone, metrics ask for no key, and are refused to others and through a proxy', async () => {
  await using world = await openWorld({}, undefined, { metrics: { metrics: new Metrics(), readers: 'loopback' } });
  const from = async (remoteAddress: string, headers = {}) =>
    (await world.app.inject({ url: '/metrics', remoteAddress, headers })).statusCode;
  expect(await from('127.0.0.1')).toBe(200);
  expect(await from('::1')).toBe(200);
  expect(await from('::ffff:127.0.0.1')).toBe(200);
  expect(await from('192.0.2.1')).toBe(403);
  expect(await from('127.0.0.1', { 'x-forwarded-for': '192.0.2.1' })).toBe(403);
  expect(await from('127.0.0.1', { forwarded: 'for=192.0.2.1' })).toBe(403);
});

test('there are none where none are kept', async () => {
  await using world = await openWorld();
  expect((await world.call('GET', '/metrics')).statusCode).toBe(404);
});

test('a request that a rate limit turns away is told of', async () => {
  const told: string[] = [];
  const rates = { perKey: 1, refusedPerAddress: 1, trustedProxyHops: 0 };
  await using world = await openWorld({}, rates, { rateLimited: (what) => told.push(what) });
  for (const key of [world.adminKey, world.adminKey, 'nonsense', 'nonsense']) {
    await world.call('GET', '/api/v1/executions', undefined, key);
  }
  expect(told).toEqual(['reads', 'refusals']);
});
