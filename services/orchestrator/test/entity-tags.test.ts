import { describe, expect, test } from '@jest/globals';
import { executionRef } from '@runvoy/core';
import { openWorld, type World } from './world.ts';

/** A thing that can change: how it is made, where it is read, and a change of it. */
interface Thing {
  readonly name: string;
  /** Answers with the path of the thing. */
  make(world: World): Promise<string>;
  change(world: World, path: string, headers?: object): Promise<{ statusCode: number; json(): { code?: string } }>;
  readonly changed: number;
}

const THINGS: readonly Thing[] = [
  {
    name: 'an execution',
    make: async (world) =>
      `/api/v1/executions/${(await world.call('POST', '/api/v1/run', { command: 'x' })).json().execution_id}`,
    change: (world, path, headers) => world.call('DELETE', path, undefined, undefined, headers),
    changed: 200,
  },
  {
    name: 'a user',
    make: async (world) => {
      await world.keyOf('dev@example.com', 'developer');
      return '/api/v1/users/dev@example.com';
    },
    change: (world, path, headers) => world.call('PUT', `${path}/role`, { role: 'viewer' }, undefined, headers),
    changed: 200,
  },
  {
    name: 'an image',
    make: async (world) => {
      await world.call('POST', '/api/v1/images/register', { image: 'org/alpine:3' });
      const { image_id } = (await world.call('GET', '/api/v1/images/org%2Falpine:3')).json();
      return `/api/v1/images/${image_id}`;
    },
    change: (world, path, headers) => world.call('DELETE', path, undefined, undefined, headers),
    changed: 200,
  },
  {
    name: 'a secret',
    make: async (world) => {
      await world.call('POST', '/api/v1/secrets', { name: 's', key_name: 'S', value: 'hidden value' });
      return '/api/v1/secrets/s';
    },
    change: (world, path, headers) => world.call('PUT', path, { value: 'another value' }, undefined, headers),
    changed: 200,
  },
  {
    name: 'what a secret is granted to',
    make: async (world) => {
      await world.call('POST', '/api/v1/secrets', { name: 's', key_name: 'S', value: 'hidden value' });
      return '/api/v1/secrets/s';
    },
    change: (world, path, headers) =>
      world.call('PUT', `${path}/grants/admin@example.com`, undefined, undefined, headers),
    changed: 200,
  },
  {
    name: 'what a secret is granted to no longer',
    make: async (world) => {
      await world.call('POST', '/api/v1/secrets', { name: 's', key_name: 'S', value: 'hidden value' });
      await world.call('PUT', '/api/v1/secrets/s/grants/admin@example.com');
      return '/api/v1/secrets/s';
    },
    change: (world, path, headers) =>
      world.call('DELETE', `${path}/grants/admin@example.com`, undefined, undefined, headers),
    changed: 200,
  },
  {
    name: 'a playbook',
    make: async (world) => {
      await world.call('POST', '/api/v1/playbooks', { name: 'p', commands: ['a'] });
      return '/api/v1/playbooks/p';
    },
    change: (world, path, headers) => world.call('PUT', path, { commands: ['b'] }, undefined, headers),
    changed: 200,
  },
  {
    name: 'a key',
    make: async (world) =>
      `/api/v1/keys/${(await world.call('POST', '/api/v1/keys', { name: 'ci' })).json().key.key_id}`,
    change: (world, path, headers) => world.call('DELETE', path, undefined, undefined, headers),
    changed: 200,
  },
];

describe.each(THINGS)('$name', (thing) => {
  const read = (world: World, path: string, headers = {}) => world.call('GET', path, undefined, undefined, headers);

  test('has one ETag until it changes, and is not told again to who names it', async () => {
    await using world = await openWorld();
    const path = await thing.make(world);
    const first = await read(world, path);
    const tag = first.headers['etag'] as string;
    expect(tag).toMatch(/^"[\w-]{22}"$/);
    world.clock.advance(90_000);
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = await read(world, path, { 'if-none-match': known });
      expect([again.statusCode, again.body, again.headers['etag']]).toEqual([304, '', tag]);
    }
    const stale = await read(world, path, { 'if-none-match': '"other"' });
    expect([stale.statusCode, stale.headers['etag']]).toEqual([200, tag]);
  });

  test('is changed by who has read it as it is, and by nobody else', async () => {
    await using world = await openWorld();
    const path = await thing.make(world);
    const tag = (await read(world, path)).headers['etag'] as string;
    for (const demanded of ['"other"', `W/${tag}`, '']) {
      const refused = await thing.change(world, path, { 'if-match': demanded });
      expect([refused.statusCode, refused.json().code]).toEqual([412, 'PRECONDITION_FAILED']);
    }
    expect((await read(world, path)).headers['etag']).toBe(tag);
    expect((await thing.change(world, path, { 'if-match': `"other", ${tag}` })).statusCode).toBe(thing.changed);
    const after = await read(world, path);
    if (after.statusCode === 200) expect(after.headers['etag']).not.toBe(tag);
    const second = await thing.change(world, path, { 'if-match': tag });
    expect([404, 412]).toContain(second.statusCode);
  });

  test('is changed whatever it is without If-Match, and with an asterisk', async () => {
    await using world = await openWorld();
    const path = await thing.make(world);
    expect((await thing.change(world, path, { 'if-match': '*' })).statusCode).toBe(thing.changed);
  });
});

test('the tag of a secret tells nothing of its value: the same value kept twice has two tags', async () => {
  await using world = await openWorld();
  for (const name of ['a', 'b']) {
    await world.call('POST', '/api/v1/secrets', { name, key_name: 'S', value: 'hidden value' });
  }
  const tagOf = async (name: string) => (await world.call('GET', `/api/v1/secrets/${name}`)).headers['etag'];
  expect(await tagOf('a')).not.toBe(await tagOf('b'));
});

test('a rotated key is refused to who has not read it as it is', async () => {
  await using world = await openWorld();
  const { key } = (await world.call('POST', '/api/v1/keys', { name: 'ci' })).json();
  const rotate = (demanded: string) =>
    world.call('POST', `/api/v1/keys/${key.key_id}/rotate`, undefined, undefined, { 'if-match': demanded });
  expect((await rotate('"other"')).statusCode).toBe(412);
  const { etag } = (await world.call('GET', `/api/v1/keys/${key.key_id}`)).headers;
  expect((await rotate(etag as string)).statusCode).toBe(201);
});

test('who may not read a thing learns nothing from a tag they guess', async () => {
  await using world = await openWorld();
  const viewer = await world.keyOf('v@example.com', 'viewer');
  for (const [method, path] of [
    ['GET', '/api/v1/users/admin@example.com'],
    ['PUT', '/api/v1/users/admin@example.com/role'],
    ['DELETE', '/api/v1/secrets/none'],
  ] as const) {
    const answer = await world.call(method, path, method === 'PUT' ? { role: 'viewer' } : undefined, viewer, {
      'if-match': '"x"',
    });
    expect(answer.statusCode).toBe(403);
  }
  const { key } = (await world.call('POST', '/api/v1/keys', { name: 'ci' })).json();
  expect((await world.call('GET', `/api/v1/keys/${key.key_id}`, undefined, viewer)).statusCode).toBe(404);
});

test('a trace that the caller names is given back with the answer and kept with the run', async () => {
  await using world = await openWorld();
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const answer = await world.call('POST', '/api/v1/run', { command: 'x' }, undefined, {
    traceparent: `00-${trace}-00f067aa0ba902b7-01`,
  });
  expect(answer.headers['traceparent']).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
  const stored = await world.records.get(executionRef(answer.json().execution_id));
  expect(stored!.value.traceparent).toBe(answer.headers['traceparent']);
  const unnamed = await world.call('GET', '/api/v1/health');
  expect(unnamed.headers['traceparent']).toContain(String(unnamed.headers['x-request-id']));
});

test('every answer forbids browsers to guess, frame, run or pass on, and asks for TLS where it came by TLS', async () => {
  await using world = await openWorld({}, undefined, { trustedProxyHops: 1 });
  const ask = (path: string, headers = {}) => world.call('GET', path, undefined, undefined, headers);
  for (const path of ['/api/v1/health', '/api/v1/executions', '/nowhere', '/api/v1/executions/none']) {
    expect((await ask(path)).headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    const { headers } = await ask(path, { 'x-forwarded-proto': 'https' });
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
    for (const proto of ['http', 'https, http', '']) {
      const plain = await ask(path, { 'x-forwarded-proto': proto });
      expect(plain.headers['strict-transport-security']).toBeUndefined();
    }
  }
});
