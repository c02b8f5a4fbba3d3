import { expect, test } from '@jest/globals';
import { authenticate } from '../../src/access/authenticate.ts';
import { CLAIM_MS, redeemClaim } from '../../src/access/claim.ts';
import { createUser, issueSignIn, revokeUser } from '../../src/access/users.ts';
import { RunWorld } from '../run-world.ts';

const BY = { email: 'admin@example.com', requestId: 'r' };

async function invited() {
  const world = await RunWorld.open();
  const { claim_token } = await createUser(world, { email: 'Bob@Example.com', role: 'developer' }, BY);
  return { world, claim_token };
}

test('a claim is traded for a key that works', async () => {
  const { world, claim_token } = await invited();
  const { api_key, user_email } = await redeemClaim(world, claim_token, 'req-c');
  expect(user_email).toBe('bob@example.com');
  expect((await authenticate(world, api_key)).user.role).toBe('developer');
});

test('neither the token nor the key is stored', async () => {
  const { world, claim_token } = await invited();
  const { api_key } = await redeemClaim(world, claim_token, 'req-c');
  const stored = world.records.contents();
  expect(stored).toContain('bob@example.com');
  for (const secret of [claim_token, api_key, api_key.slice(-43)]) expect(stored).not.toContain(secret);
});

test('a claim works once', async () => {
  const { world, claim_token } = await invited();
  await redeemClaim(world, claim_token, 'req-c');
  await expect(redeemClaim(world, claim_token, 'req-c')).rejects.toMatchObject({ code: 'CLAIM_USED', status: 409 });
});

test('of two who redeem one claim at once, one gets a key', async () => {
  const { world, claim_token } = await invited();
  const outcomes = await Promise.allSettled([
    redeemClaim(world, claim_token, 'req-c'),
    redeemClaim(world, claim_token, 'req-c'),
  ]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(world.records.writes.filter((write) => write.startsWith('create api-keys/'))).toHaveLength(1);
});

test('a claim opens nothing after its time', async () => {
  const { world, claim_token } = await invited();
  world.clock.advance(CLAIM_MS);
  await expect(redeemClaim(world, claim_token, 'req-c')).rejects.toMatchObject({
    code: 'CLAIM_NOT_FOUND',
    status: 404,
  });
  world.clock.advance(-1);
  expect((await redeemClaim(world, claim_token, 'req-c')).user_email).toBe('bob@example.com');
});

test('a claim of a revoked user opens nothing', async () => {
  const { world, claim_token } = await invited();
  await revokeUser(world, 'bob@example.com', BY);
  await expect(redeemClaim(world, claim_token, 'req-c')).rejects.toMatchObject({ code: 'CLAIM_NOT_FOUND' });
});

test.each(['', 'x', 'a/b', '../users'])('the token %j is unknown', async (token) => {
  const { world } = await invited();
  await expect(redeemClaim(world, token, 'req-c')).rejects.toMatchObject({ code: 'CLAIM_NOT_FOUND' });
});

test('a used claim is told as used for a day, then forgotten', async () => {
  const { world, claim_token } = await invited();
  await redeemClaim(world, claim_token, 'req-c');
  world.clock.advance(CLAIM_MS + 86_400_000);
  await world.records.removeExpired(world.clock.now(), 100);
  await expect(redeemClaim(world, claim_token, 'req-c')).rejects.toMatchObject({ code: 'CLAIM_USED' });
  await world.records.removeExpired(world.clock.now() + 1, 100);
  await expect(redeemClaim(world, claim_token, 'req-c')).rejects.toMatchObject({ code: 'CLAIM_NOT_FOUND' });
});

test('every sign-in is a claim of its own, and the keys work side by side', async () => {
  const { world, claim_token } = await invited();
  const { claim_token: second } = await issueSignIn(world, ' BOB@example.com', 'console', BY);
  const keys = [await redeemClaim(world, claim_token, 'req-c'), await redeemClaim(world, second, 'req-c')].map(
    ({ api_key }) => api_key,
  );
  for (const key of keys) expect((await authenticate(world, key)).user.email).toBe('bob@example.com');
  expect(keys[0]).not.toBe(keys[1]);
});
