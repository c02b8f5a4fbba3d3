import { expect, test } from '@jest/globals';
import { openWorld, OUR_ORIGIN } from './world.ts';

/** The route, and what it answers: public, with a key, refused, unknown. */
const ANSWERS = [
  ['OPTIONS', '/api/v1/run', 200],
  ['OPTIONS', '/nowhere', 200],
  ['GET', '/api/v1/health', 200],
  ['GET', '/api/v1/executions', 200],
  ['GET', '/api/v1/executions/none', 404],
  ['GET', '/nowhere', 404],
  ['PUT', '/api/v1/run', 405],
] as const;

test.each(ANSWERS)('%s %s, answered %i, may be read by pages of an allowed origin and no other', async (...answer) => {
  const [method, path, status] = answer;
  await using world = await openWorld();
  const ask = (headers: Record<string, string>) => world.call(method, path, undefined, world.adminKey, headers);
  const ours = await ask({ origin: OUR_ORIGIN });
  expect(ours.statusCode).toBe(status);
  expect(ours.headers).toMatchObject({
    'access-control-allow-origin': OUR_ORIGIN,
    'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
    'access-control-allow-headers':
      'Content-Type, X-API-Key, Idempotency-Key, If-Match, If-None-Match, Prefer, traceparent',
    'access-control-expose-headers': expect.stringContaining('ETag, Link, Idempotent-Replayed'),
    'access-control-max-age': '3600',
    vary: 'Origin',
  });
  expect(ours.headers).not.toHaveProperty('access-control-allow-credentials');
  for (const headers of [{ origin: 'https://elsewhere.example' }, { origin: `${OUR_ORIGIN}.evil.example` }, {}]) {
    const answered = await ask(headers);
    expect([answered.statusCode, answered.headers['access-control-allow-origin']]).toEqual([status, undefined]);
  }
});

test('a refusal for a missing key may be read by the page that asked', async () => {
  await using world = await openWorld();
  const refused = await world.call('GET', '/api/v1/executions', undefined, '', { origin: OUR_ORIGIN });
  expect([refused.statusCode, refused.headers['access-control-allow-origin']]).toEqual([401, OUR_ORIGIN]);
});
