import { describe, expect, test } from '@jest/globals';
import { authenticate } from '../../src/access/authenticate.ts';
import { CLAIM_MS, redeemClaim } from '../../src/access/claim.ts';
import { openAdminDoor, openAdminDoorByHash } from '../../src/access/first-admin.ts';
import { createUser, listUsers, revokeUser } from '../../src/access/users.ts';
import { isFailure } from '../../src/failure.ts';
import { RunWorld } from '../run-world.ts';
import { hashToken } from '../../src/access/tokens.ts';
import { userRef } from '../../src/access/user.ts';

const BY = { email: 'admin@example.com', requestId: 'r' };

const door = (world: RunWorld, email: string) =>
  openAdminDoor(world, { email, key_name: 'console', request_id: 'admin-link' });

/** A deployment that nobody has entered yet. */
async function fresh() {
  const world = await RunWorld.open();
  await world.records.delete(userRef('admin@example.com'));
  return world;
}

describe('the way in for an admin', () => {
  test('makes the first admin, who gets a key for the claim', async () => {
    const world = await fresh();
    const { claim_token, isNew } = await door(world, 'Ann@Example.com');
    expect(isNew).toBe(true);
    const { api_key } = await redeemClaim(world, claim_token, 'req-c');
    expect((await authenticate(world, api_key)).user).toMatchObject({ email: 'ann@example.com', role: 'admin' });
  });

  test('opens again for the same admin, when the first claim was lost', async () => {
    const world = await fresh();
    const first = await door(world, 'ann@example.com');
    world.clock.advance(CLAIM_MS);
    const second = await door(world, 'ann@example.com');
    expect([second.isNew, (await listUsers(world.records)).length]).toEqual([false, 1]);
    await expect(redeemClaim(world, first.claim_token, 'req-c')).rejects.toThrow();
    expect(await redeemClaim(world, second.claim_token, 'req-c')).toMatchObject({ user_email: 'ann@example.com' });
  });

  test('makes no second admin, and lets in nobody who is none or none any more', async () => {
    const world = await fresh();
    await door(world, 'ann@example.com');
    await createUser(world, { email: 'bob@example.com', role: 'developer' }, BY);
    await createUser(world, { email: 'eve@example.com', role: 'admin' }, BY);
    await revokeUser(world, 'eve@example.com', BY);
    for (const email of ['bob@example.com', 'eve@example.com', 'new@example.com']) {
      const refusal = await door(world, email).catch((error: unknown) => error);
      expect([email, isFailure(refusal, 'CONFLICT')]).toEqual([email, true]);
    }
    expect((await listUsers(world.records)).map(({ email }) => email)).not.toContain('new@example.com');
  });

  test('is opened once by two who ask at the same time for the first admin', async () => {
    const world = await fresh();
    const both = await Promise.allSettled([door(world, 'ann@example.com'), door(world, 'eve@example.com')]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await listUsers(world.records)).toHaveLength(1);
  });

  test('opens by the hash of a token that was drawn elsewhere, once, and to that token alone', async () => {
    const world = await fresh();
    const token = 'a'.repeat(43);
    const about = { email: 'ann@example.com', key_name: 'cli', request_id: 'admin-link' };
    const opened = await openAdminDoorByHash(world, about, hashToken(token));
    expect(opened).toEqual({ isNew: true, expires_at_ms: world.clock.now() + CLAIM_MS });
    await expect(redeemClaim(world, hashToken(token), 'req-c')).rejects.toThrow();
    expect(await redeemClaim(world, token, 'req-c')).toMatchObject({ user_email: 'ann@example.com' });
    await expect(redeemClaim(world, token, 'req-c')).rejects.toThrow();
    await expect(openAdminDoorByHash(world, about, hashToken(token))).rejects.toThrow();
  });
});
