import { describe, expect, test } from '@jest/globals';
import { Failure, type SecretVault } from '@runvoy/core';
import { openWorld, type World } from './world.ts';

const KEY = { 'idempotency-key': 'k' };

const RUN = {
  execution_id: '1'.repeat(32),
  created_by: 'somebody@example.com',
  owned_by: ['somebody@example.com'],
  command: 'true',
  image_id: 'alpine:3-00000000',
  started_at: '2025-01-01T00:00:00Z',
  completed_at: '2025-01-01T00:00:01Z',
  status: 'SUCCEEDED',
  exit_code: 0,
  created_by_request_id: '',
  modified_by_request_id: '',
  cloud: 'AWS',
};

/** Every call that makes something, with a body of its own and another that differs. */
const CREATIONS = [
  ['/api/v1/run', { command: 'a' }, { command: 'b' }, 202],
  ['/api/v1/users/create', { email: 'n@example.com', role: 'viewer' }, { email: 'm@example.com', role: 'viewer' }, 201],
  ['/api/v1/users/login-link', undefined, { a: 1 }, 201],
  ['/api/v1/keys', { name: 'a' }, { name: 'b' }, 201],
  [
    '/api/v1/secrets',
    { name: 'a', key_name: 'A', value: 'v' },
    { name: 'a', key_name: 'A', value: 'other value' },
    201,
  ],
  ['/api/v1/playbooks', { name: 'p', commands: ['a'] }, { name: 'p', commands: ['b'] }, 201],
  ['/api/v1/images/register', { image: 'alpine:3' }, { image: 'alpine:4' }, 201],
  ['/api/v1/import/executions', { executions: [RUN], source: 'AWS' }, { executions: [RUN], source: 'GCP' }, 200],
] as const;

describe.each(CREATIONS)('POST %s with an Idempotency-Key', (path, body, other, status) => {
  const ask = (world: World, sent: unknown = body, key?: string) => world.call('POST', path, sent, key, KEY);

  test('is answered the second time as the first, marked as said before', async () => {
    await using world = await openWorld();
    const first = await ask(world);
    const again = await ask(world);
    expect([first.statusCode, again.statusCode]).toEqual([status, status]);
    expect(again.json()).toEqual(first.json());
    expect([first.headers['idempotent-replayed'], again.headers['idempotent-replayed']]).toEqual([undefined, 'true']);
  });

  test('with another body is refused with 422', async () => {
    await using world = await openWorld();
    await ask(world);
    const refused = await ask(world, other);
    expect([refused.statusCode, refused.json().code]).toEqual([422, 'IDEMPOTENCY_CONFLICT']);
  });

  test('while the first is under way is refused with 409 and told when to come again', async () => {
    await using world = await openWorld();
    const answers = await Promise.all([ask(world), ask(world)]);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([status, 409]);
    const refused = answers.find(({ statusCode }) => statusCode === 409)!;
    expect([refused.json().code, refused.headers['retry-after']]).toEqual(['IDEMPOTENCY_IN_PROGRESS', '1']);
    expect((await ask(world)).headers['idempotent-replayed']).toBe('true');
  });

  test('whose answer cannot be opened any more is refused with 410, and makes nothing anew', async () => {
    let isDestroyed = false;
    const vault: SecretVault = {
      seal: async (plain) => plain,
      open: async (sealed) => {
        if (isDestroyed) throw new Failure('INTERNAL_ERROR');
        return sealed;
      },
    };
    await using world = await openWorld({}, undefined, { vault });
    await ask(world);
    isDestroyed = true;
    const again = await ask(world);
    expect([again.statusCode, again.json().code]).toEqual([410, 'ANSWER_GONE']);
  });

  test('belongs to the API key it came with: another caller makes their own', async () => {
    await using world = await openWorld();
    const first = await ask(world);
    const second = await ask(world, body, await world.keyOf('root@example.com', 'admin'));
    expect(second.headers['idempotent-replayed']).toBeUndefined();
    if (second.statusCode === status && !/images|import/.test(path)) expect(second.json()).not.toEqual(first.json());
  });
});

test('an image that was registered before is answered so, and again so for its key', async () => {
  await using world = await openWorld();
  const register = (headers?: object) =>
    world.call('POST', '/api/v1/images/register', { image: 'alpine:3' }, undefined, headers);
  expect((await register()).json().message).toBe('Image registered successfully');
  const before = 'Image was registered in this size before; what was not named stays as it was';
  for (const headers of [{}, KEY, KEY]) expect((await register(headers)).json().message).toBe(before);
});

describe('a run of a playbook', () => {
  test('is started once for a key, and answered again when the playbook is gone', async () => {
    await using world = await openWorld();
    await world.call('POST', '/api/v1/playbooks', { name: 'p', commands: ['a'] });
    const run = (body: object) => world.call('POST', '/api/v1/playbooks/p/run', body, undefined, KEY);
    const first = await run({});
    await world.call('DELETE', '/api/v1/playbooks/p');
    const again = await run({});
    expect([first.statusCode, again.statusCode, again.json().execution_id]).toEqual([
      202,
      202,
      first.json().execution_id,
    ]);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(world.started).toHaveLength(1);
    expect((await run({ env: { A: 'b' } })).json().code).toBe('IDEMPOTENCY_CONFLICT');
  });
});

test('lines of an imported log sent again with their key are answered as before', async () => {
  await using world = await openWorld();
  await world.call('POST', '/api/v1/import/executions', { executions: [RUN], source: 'AWS' });
  const send = (text: string) => {
    const lines = [{ seq: 1, stream: 'stdout', ms: 1, text }];
    return world.call('POST', `/api/v1/import/executions/${RUN.execution_id}/log`, { lines }, undefined, KEY);
  };
  const [first, again] = [await send('hi'), await send('hi')];
  expect([first.statusCode, again.statusCode, again.json()]).toEqual([200, 200, first.json()]);
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect((await send('ho')).json().code).toBe('IDEMPOTENCY_CONFLICT');
});

describe('a rotated key', () => {
  test('is answered again with the new key, and made once', async () => {
    await using world = await openWorld();
    const { key } = (await world.call('POST', '/api/v1/keys', { name: 'ci' })).json();
    const rotate = () => world.call('POST', `/api/v1/keys/${key.key_id}/rotate`, { overlap: 60 }, undefined, KEY);
    const first = await rotate();
    const again = await rotate();
    expect([first.statusCode, again.json()]).toEqual([201, first.json()]);
    expect((await world.call('GET', '/api/v1/keys')).json().keys).toHaveLength(3);
  });
});

describe('a claim', () => {
  test('is answered again with its key to who sends the token and the Idempotency-Key again', async () => {
    await using world = await openWorld();
    const { claim_token } = (
      await world.call('POST', '/api/v1/users/create', { email: 'n@example.com', role: 'viewer' })
    ).json();
    const claim = (headers: object) => world.call('POST', `/api/v1/claim/${claim_token}`, undefined, '', headers);
    const first = await claim(KEY);
    const again = await claim(KEY);
    expect([first.statusCode, again.statusCode, again.json()]).toEqual([200, 200, first.json()]);
    expect((await claim({ 'idempotency-key': 'other' })).statusCode).toBe(409);
    expect((await claim({})).json().code).toBe('CLAIM_USED');
    world.clock.advance(15 * 60_000);
    expect((await claim(KEY)).statusCode).toBe(410);
  });

  test('ends what is kept of the answer that told its token', async () => {
    await using world = await openWorld();
    const create = () =>
      world.call('POST', '/api/v1/users/create', { email: 'n@example.com', role: 'viewer' }, undefined, KEY);
    const { claim_token } = (await create()).json();
    await world.call('POST', `/api/v1/claim/${claim_token}`, undefined, '');
    const gone = await create();
    expect([gone.statusCode, gone.json().code]).toEqual([410, 'ANSWER_GONE']);
    expect(gone.body).not.toContain(claim_token);
  });
});

test('a key whose owner may do less by now is not told what it made before', async () => {
  await using world = await openWorld();
  const admin = await world.keyOf('root@example.com', 'admin');
  const ask = () => world.call('POST', '/api/v1/keys', { name: 'a', user: 'admin@example.com' }, admin, KEY);
  expect((await ask()).statusCode).toBe(201);
  await world.call('PUT', '/api/v1/users/root@example.com/role', { role: 'developer' });
  expect((await ask()).statusCode).toBe(403);
});
