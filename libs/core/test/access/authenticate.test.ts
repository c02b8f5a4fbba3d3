import { describe, expect, test } from '@jest/globals';
import { apiKeyRef, newApiKey, type ApiKey } from '../../src/access/api-key.ts';
import { authenticate, reauthenticate } from '../../src/access/authenticate.ts';
import { userRef } from '../../src/access/user.ts';
import { createUser, revokeUser } from '../../src/access/users.ts';
import { redeemClaim } from '../../src/access/claim.ts';
import { Failure } from '../../src/failure.ts';
import { RunWorld, T0 } from '../run-world.ts';

async function signedIn(more: Partial<ApiKey> = {}) {
  const world = await RunWorld.open();
  const { text, key } = newApiKey(world.random, { user_email: 'admin@example.com', name: 'cli', nowMs: T0 });
  await world.records.create(apiKeyRef(key.key_id), { ...key, ...more });
  return { world, text, key };
}

test('a key tells who calls', async () => {
  const { world, text, key } = await signedIn();
  expect(await authenticate(world, text)).toMatchObject({
    key_id: key.key_id,
    user: { email: 'admin@example.com', role: 'admin' },
  });
});

describe('refused', () => {
  test.each([undefined, ''])('no key (%j)', async (text) => {
    const { world } = await signedIn();
    await expect(authenticate(world, text)).rejects.toMatchObject({ code: 'UNAUTHORIZED', status: 401 });
  });

  test('a key of another form, an unknown one, and a wrong token under a known id', async () => {
    const { world, text } = await signedIn();
    const unknown = `rvy_${'a'.repeat(20)}_${'b'.repeat(43)}`;
    const wrong = `${text.slice(0, -43)}${'b'.repeat(43)}`;
    for (const bad of ['nonsense', unknown, wrong]) {
      await expect(authenticate(world, bad)).rejects.toMatchObject({ code: 'INVALID_API_KEY' });
    }
    expect(world.records.writes.filter((write) => write.startsWith('set api-keys/'))).toEqual([]);
  });

  test('a key that has expired', async () => {
    const { world, text } = await signedIn({ expires_at_ms: T0 + 1_000 });
    world.clock.advance(999);
    await authenticate(world, text);
    world.clock.advance(1);
    await expect(authenticate(world, text)).rejects.toMatchObject({ code: 'INVALID_API_KEY' });
  });

  test('a key that was revoked', async () => {
    const { world, text } = await signedIn({ revoked: true });
    await expect(authenticate(world, text)).rejects.toMatchObject({ code: 'API_KEY_REVOKED' });
  });

  test('a key whose user is gone', async () => {
    const { world, text } = await signedIn({ user_email: 'nobody@example.com' });
    await expect(authenticate(world, text)).rejects.toMatchObject({ code: 'API_KEY_REVOKED' });
  });

  test('nobody, when the store does not answer: that is no bad key', async () => {
    const { world, text } = await signedIn();
    for (const collection of ['api-keys', 'users']) {
      world.records.beforeGet = (ref) => {
        if (ref.collection === collection) throw new Failure('STORE_UNAVAILABLE');
      };
      await expect(authenticate(world, text)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', status: 503 });
    }
  });
});

describe('[revoked]', () => {
  test('a revoked user is refused with the next request, by every key, and so is an open stream', async () => {
    const { world, text, key } = await signedIn();
    const created = await createUser(
      world,
      { email: 'bob@example.com', role: 'admin' },
      { email: 'admin@example.com', requestId: 'r' },
    );
    const { api_key } = await redeemClaim(world, created.claim_token, 'req-c');
    expect((await authenticate(world, text)).user.revoked).toBe(false);
    expect((await reauthenticate(world, key.key_id)).user.email).toBe('admin@example.com');
    await revokeUser(world, 'Admin@Example.com', { email: 'admin@example.com', requestId: 'r' });
    await expect(authenticate(world, text)).rejects.toMatchObject({ code: 'API_KEY_REVOKED' });
    await expect(reauthenticate(world, key.key_id)).rejects.toMatchObject({ code: 'API_KEY_REVOKED' });
    expect((await authenticate(world, api_key)).user.email).toBe('bob@example.com');
  });

  test('a new role holds from the next request', async () => {
    const { world, text } = await signedIn();
    const stored = (await world.records.get(userRef('admin@example.com')))!;
    await world.records.compareAndSet(userRef('admin@example.com'), stored.version, {
      ...stored.value,
      role: 'viewer',
    });
    expect((await authenticate(world, text)).user.role).toBe('viewer');
  });

  test('a stream whose key was deleted is ended', async () => {
    const { world, key } = await signedIn();
    await world.records.delete(apiKeyRef(key.key_id));
    await expect(reauthenticate(world, key.key_id)).rejects.toMatchObject({ code: 'INVALID_API_KEY' });
  });
});

describe('when it was last used', () => {
  test('is written at most once a minute', async () => {
    const { world, text, key } = await signedIn();
    const writes = world.records.writes.length;
    for (let second = 0; second < 180; second += 10) {
      await authenticate(world, text);
      world.clock.advance(10_000);
    }
    expect(world.records.writes.length - writes).toBe(3);
    expect((await world.records.get(apiKeyRef(key.key_id)))?.value.last_used_at_ms).toBe(T0 + 120_000);
  });

  test('may be lost to another request at the same moment, without harm', async () => {
    const { world, text } = await signedIn();
    const callers = await Promise.all([authenticate(world, text), authenticate(world, text)]);
    expect(callers).toHaveLength(2);
  });

  test('is not written on a full disk, and the request is answered all the same', async () => {
    const { world, text } = await signedIn();
    world.records.compareAndSet = () => Promise.reject(new Failure('STORE_UNAVAILABLE'));
    expect((await authenticate(world, text)).user.email).toBe('admin@example.com');
  });

  test('never brings a revoked key back', async () => {
    const { world, text, key } = await signedIn();
    const ref = apiKeyRef(key.key_id);
    let isRevoked = false;
    world.records.beforeGet = ({ collection }) => {
      // Between reading the key and noting its use.
      if (collection !== 'users' || isRevoked) return;
      isRevoked = true;
      void world.records.transact(async (tx) => tx.set(ref, { ...key, revoked: true }));
    };
    await authenticate(world, text);
    await world.records.transact((tx) => tx.get(ref));
    expect((await world.records.get(ref))?.value.revoked).toBe(true);
  });
});
