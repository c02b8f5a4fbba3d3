import { describe, expect, test } from '@jest/globals';
import { openWorld } from './world.ts';

describe('users, claims and images', () => {
  test('health and claim need no key, and ignore a bad one', async () => {
    await using world = await openWorld();
    const health = await world.call('GET', '/api/v1/health', undefined, 'nonsense');
    expect(health.json()).toEqual({ status: 'ok', version: '1.2.3', provider: 'LOCAL' });
    expect((await world.call('GET', '/api/v1/claim/none', undefined, 'nonsense')).statusCode).toBe(404);
  });

  test('a new user claims a key once, by GET or POST, and uses it at once', async () => {
    await using world = await openWorld();
    const created = await world.call('POST', '/api/v1/users/create', { email: 'New@Example.com', role: 'developer' });
    expect(created.statusCode).toBe(201);
    expect(created.json().user).toMatchObject({ email: 'new@example.com', role: 'developer', revoked: false });
    const token = created.json().claim_token;
    const claimed = await world.call('GET', `/api/v1/claim/${token}`, undefined, '');
    expect(claimed.json()).toMatchObject({ user_email: 'new@example.com', message: expect.any(String) });
    expect((await world.call('POST', `/api/v1/claim/${token}`, undefined, '')).statusCode).toBe(409);
    const key = claimed.json().api_key;
    expect((await world.call('GET', '/api/v1/executions', undefined, key)).statusCode).toBe(200);
  });

  test('a claim is over after 15 minutes', async () => {
    await using world = await openWorld();
    const created = await world.call('POST', '/api/v1/users/create', { email: 'a@b.c', role: 'viewer' });
    world.clock.advance(15 * 60_000);
    const late = await world.call('POST', `/api/v1/claim/${created.json().claim_token}`, undefined, '');
    expect([late.statusCode, late.json().code]).toEqual([404, 'CLAIM_NOT_FOUND']);
  });

  test('a revoked user is refused with the next request', async () => {
    await using world = await openWorld();
    const key = await world.keyOf('dev@example.com', 'developer');
    expect((await world.call('GET', '/api/v1/executions', undefined, key)).statusCode).toBe(200);
    await world.call('POST', '/api/v1/users/revoke', { email: 'dev@example.com' });
    const refused = await world.call('GET', '/api/v1/executions', undefined, key);
    expect([refused.statusCode, refused.json().code]).toEqual([401, 'API_KEY_REVOKED']);
  });

  test('the list of users answers with and without a slash, as runvoy’s CLI asks', async () => {
    await using world = await openWorld();
    for (const path of ['/api/v1/users/', '/api/v1/users']) {
      expect((await world.call('GET', path)).json().users.map((user: { email: string }) => user.email)).toEqual([
        'admin@example.com',
      ]);
    }
  });

  test('the list of users says when each last asked anything, with whichever key', async () => {
    await using world = await openWorld();
    const [one, other] = [
      await world.keyOf('dev@example.com', 'developer'),
      await world.keyOf('dev@example.com', 'developer'),
    ];
    await world.keyOf('never@example.com', 'viewer');
    await world.call('GET', '/api/v1/executions', undefined, other);
    world.clock.advance(120_000);
    await world.call('GET', '/api/v1/executions', undefined, one);
    world.clock.advance(120_000);
    const { users } = (await world.call('GET', '/api/v1/users')).json();
    expect(users.map(({ email, last_used }: { email: string; last_used?: string }) => [email, last_used])).toEqual([
      ['admin@example.com', '2026-01-01T00:04:00.000Z'],
      ['dev@example.com', '2026-01-01T00:02:00.000Z'],
      ['never@example.com', undefined],
    ]);
  });

  test('a sign-in link carries a single-use token in its fragment', async () => {
    await using world = await openWorld();
    const link = (await world.call('POST', '/api/v1/users/login-link')).json();
    expect(link.url).toBe(`http://127.0.0.1:1/#claim=${link.claim_token}`);
    expect((await world.call('POST', `/api/v1/claim/${link.claim_token}`, undefined, '')).statusCode).toBe(200);
  });

  test('image names are taken with raw and with encoded slashes', async () => {
    await using world = await openWorld();
    await world.call('POST', '/api/v1/images/register', { image: 'hashicorp/terraform:1.6' });
    const shown = await world.call('GET', '/api/v1/images/hashicorp%2Fterraform:1.6');
    expect(shown.json()).toMatchObject({ image: 'hashicorp/terraform:1.6', cpu: 256, memory: 512, is_default: false });
    const removed = await world.call('DELETE', `/api/v1/images/${shown.json().image_id}`);
    expect(removed.json()).toEqual({ image: shown.json().image_id, message: 'Image removed successfully' });
    expect((await world.call('GET', '/api/v1/images/hashicorp/terraform:1.6')).statusCode).toBe(404);
  });

  test.each([
    ['/api/v1/keys?users=ann@example.com', 'unknown parameter "users"; this path takes user'],
    ['/api/v1/images?limit=1', 'unknown parameter "limit"; this path takes none'],
  ])('%s is refused: a parameter that nobody reads would be passed over', async (path, details) => {
    await using world = await openWorld();
    expect((await world.call('GET', path)).json()).toMatchObject({ code: 'INVALID_REQUEST', details });
    expect((await world.call('GET', path, undefined, 'rvy_nonsense')).statusCode).toBe(401);
  });

  test('a reference is not enough to remove an image', async () => {
    await using world = await openWorld();
    expect((await world.call('DELETE', '/api/v1/images/alpine:3')).statusCode).toBe(400);
  });
});
