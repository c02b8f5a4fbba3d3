import { describe, expect, test } from '@jest/globals';
import { openWorld } from './world.ts';

describe('keys', () => {
  test('one is made, shown once, listed without its text, rotated and revoked', async () => {
    await using world = await openWorld();
    const made = await world.call('POST', '/api/v1/keys', { name: 'ci', expires_in: 3600, role: 'viewer' });
    expect(made.statusCode).toBe(201);
    expect(made.headers['cache-control']).toBe('no-store');
    const { key, api_key } = made.json();
    expect(key).toMatchObject({
      user: 'admin@example.com',
      name: 'ci',
      role: 'viewer',
      created_at: '2026-01-01T00:00:00.000Z',
      expires_at: '2026-01-01T01:00:00.000Z',
      revoked: false,
    });
    expect((await world.call('POST', '/api/v1/run', { command: 'x' }, api_key)).statusCode).toBe(403);
    const listed = await world.call('GET', '/api/v1/keys');
    expect(listed.json().keys).toHaveLength(2);
    expect(listed.body).not.toContain(api_key);

    const rotated = await world.call('POST', `/api/v1/keys/${key.key_id}/rotate`);
    expect(rotated.statusCode).toBe(201);
    const next = rotated.json();
    expect((await world.call('GET', '/api/v1/whoami', undefined, api_key)).statusCode).toBe(401);
    expect((await world.call('GET', '/api/v1/whoami', undefined, next.api_key)).json()).toMatchObject({
      email: 'admin@example.com',
      role: 'admin',
      effective_role: 'viewer',
      key: { key_id: next.key.key_id, name: 'ci' },
    });
    const revoked = await world.call('DELETE', `/api/v1/keys/${next.key.key_id}`);
    expect(revoked.json().key.revoked).toBe(true);
    expect((await world.call('GET', '/api/v1/whoami', undefined, next.api_key)).statusCode).toBe(401);
  });

  test('one with a limit has its runs wait, and names it in lists, in whoami and where a run waits', async () => {
    await using world = await openWorld();
    const made = await world.call('POST', '/api/v1/keys', { name: 'ci', max_running: 1 });
    expect(made.json().key).toMatchObject({ name: 'ci', max_running: 1 });
    expect(made.json().key).not.toHaveProperty('counted_with');
    const { key, api_key } = made.json();
    expect((await world.call('GET', '/api/v1/keys')).json().keys).toContainEqual(
      expect.objectContaining({ key_id: key.key_id, max_running: 1 }),
    );
    expect((await world.call('GET', '/api/v1/whoami', undefined, api_key)).json().key).toMatchObject({
      max_running: 1,
    });
    const run = async () => (await world.call('POST', '/api/v1/run', { command: 'x' }, api_key)).json();
    expect(await run()).not.toHaveProperty('waiting_for');
    const second = await run();
    expect(second.waiting_for).toBe('slot');
    const status = await world.call('GET', `/api/v1/executions/${second.execution_id}/status`);
    expect(status.json().queue).toMatchObject({ place: 1, waiting: 1, limit: 'key', max_running: 1 });
    const explained = await world.call('GET', `/api/v1/executions/${second.execution_id}/explain`);
    expect(explained.json().waiting_for.text).toContain('no more than one run of its key may be under way at once');

    const further = await world.call('POST', '/api/v1/keys', { name: 'more', max_running: 9 }, api_key);
    expect(further.json().key).toMatchObject({ max_running: 1, counted_with: key.key_id });
    const user = await world.call(
      'POST',
      '/api/v1/users/create',
      { email: 'bob@example.com', role: 'viewer' },
      api_key,
    );
    const claimed = await world.call('POST', `/api/v1/claim/${user.json().claim_token}`, undefined, '');
    const bob = await world.call('GET', '/api/v1/whoami', undefined, claimed.json().api_key);
    expect(bob.json().key).toMatchObject({ max_running: 1, counted_with: key.key_id });
    expect((await world.call('POST', '/api/v1/keys', { name: 'odd', max_running: -1 })).statusCode).toBe(400);
  });

  test('a caller asks what it may, without doing it', async () => {
    await using world = await openWorld();
    const dev = await world.keyOf('dev@example.com', 'developer');
    const ask = async (query: string) => (await world.call('GET', `/api/v1/can?${query}`, undefined, dev)).json();
    expect(await ask('permission=run.create')).toMatchObject({ allowed: true });
    expect(await ask('permission=users.create')).toMatchObject({ allowed: false });
    expect(await ask('permission=fly')).toMatchObject({ code: 'INVALID_REQUEST' });
    expect(await ask('permission=a&permission=b')).toMatchObject({ code: 'INVALID_REQUEST' });
  });

  test('a role changes for the next request, and never that of the last admin', async () => {
    await using world = await openWorld();
    const dev = await world.keyOf('dev@example.com', 'developer');
    expect((await world.call('GET', '/api/v1/images', undefined, dev)).statusCode).toBe(403);
    const changed = await world.call('PUT', '/api/v1/users/dev%40example.com/role', { role: 'operator' });
    expect(changed.json().user).toMatchObject({ email: 'dev@example.com', role: 'operator' });
    expect((await world.call('GET', '/api/v1/images', undefined, dev)).statusCode).toBe(200);
    expect((await world.call('PUT', '/api/v1/users/admin@example.com/role', { role: 'viewer' })).statusCode).toBe(409);
    expect((await world.call('PUT', '/api/v1/users/dev@example.com/role', { role: 'x' }, dev)).statusCode).toBe(403);
  });
});
