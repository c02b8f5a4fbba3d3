import { describe, expect, test } from '@jest/globals';
import type { CreateKeyRequest, Role } from '@runvoy/protocol';
import { authenticate, type Caller } from '../../src/access/authenticate.ts';
import { redeemClaim } from '../../src/access/claim.ts';
import { createKey, listKeys, revokeKey, rotateKey } from '../../src/access/keys.ts';
import { userRef } from '../../src/access/user.ts';
import { changeRole, createUser, issueSignIn } from '../../src/access/users.ts';
import { createSecret, listSecrets, readSecret } from '../../src/secrets/secrets.ts';
import { callerOf, RunWorld, T0 } from '../run-world.ts';

const HOUR_MS = 3_600_000;
const BY = { email: 'admin@example.com', requestId: 'r' };
const asking = (caller: Caller) => ({ caller, requestId: 'r' });
const NO_KEY = 'a'.repeat(20);

async function openKeys(role: Role = 'developer') {
  const world = await RunWorld.open();
  world.policy = { ...world.policy, trustAllUsers: true };
  const ann = callerOf(role, 'ann@example.com');
  await world.records.create(userRef('ann@example.com'), ann.user);
  const create = (request: Partial<CreateKeyRequest> = {}, caller: Caller = ann) =>
    createKey(world, { name: 'ci', ...request }, asking(caller));
  /** The caller that a key makes. */
  const as = async (request: Partial<CreateKeyRequest>, caller: Caller = ann) =>
    authenticate(world, (await create(request, caller)).api_key);
  return { world, ann, create, as };
}

describe('creating', () => {
  test('a user has several keys, each with a name and an end, and each works until then', async () => {
    const { world, ann, create } = await openKeys();
    const first = await create({ name: ' laptop ' });
    const second = await create({ name: 'ci', expires_in: 60 });
    expect((await listKeys(world, undefined, ann)).map(({ name }) => name).sort()).toEqual(['ci', 'laptop']);
    expect((await authenticate(world, first.api_key)).user.email).toBe('ann@example.com');
    await authenticate(world, second.api_key);
    world.clock.advance(60_000);
    await expect(authenticate(world, second.api_key)).rejects.toMatchObject({ code: 'INVALID_API_KEY' });
    expect(JSON.stringify(await listKeys(world, undefined, ann))).not.toContain(first.api_key);
  });

  test.each<[Partial<CreateKeyRequest>, string, string]>([
    [{ name: ' ' }, 'INVALID_REQUEST', 'name is required'],
    [{ name: 'n'.repeat(101) }, 'UNPROCESSABLE', '1 to 100 characters'],
    [{ name: 'a\u001bb' }, 'UNPROCESSABLE', 'no control characters'],
    [{ expires_in: -1 }, 'UNPROCESSABLE', 'expires_in is 1 to 315360000 seconds'],
    [{ expires_in: 1.5 }, 'UNPROCESSABLE', 'got 1.5'],
    [{ role: 'root' as Role }, 'UNPROCESSABLE', 'role must be one of'],
    [{ max_running: -1 }, 'UNPROCESSABLE', 'max_running is 1 to'],
    [{ max_running: 1.5 }, 'UNPROCESSABLE', 'or 0 for none; got 1.5'],
    [{ images: [' '] }, 'UNPROCESSABLE', 'images: a name has 1 to 512 characters'],
    [{ secrets: Array.from({ length: 101 }, (_, n) => `s${n}`) }, 'UNPROCESSABLE', 'secrets has 101 names'],
  ])('%j is refused, naming what is wrong', async (request, code, text) => {
    const { create } = await openKeys();
    await expect(create(request)).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
  });

  test('an admin makes keys for others, nobody else does, and none for who is not there or revoked', async () => {
    const { create } = await openKeys();
    const issued = await create({ user: 'Ann@example.com' }, callerOf('admin'));
    expect(issued.key.user_email).toBe('ann@example.com');
    await expect(create({ user: 'ann@example.com' }, callerOf('operator'))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(create({ user: 'no@example.com' }, callerOf('admin'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('a user has fifty living keys at most; those that are over do not count', async () => {
    const { world, ann, create } = await openKeys();
    for (let n = 0; n < 50; n++) await create({ expires_in: n === 0 ? 1 : 0 });
    await expect(create()).rejects.toThrow('has 50 keys already; the limit is 50');
    world.clock.advance(1_000);
    const { key } = await create();
    await revokeKey(world, key.key_id, asking(ann));
    await create();
  });
});

describe('a key makes none that may more than itself', () => {
  test('its role is the lesser of its ceiling and its user’s', async () => {
    const { world, as } = await openKeys('operator');
    expect((await as({ role: 'viewer' })).user.role).toBe('viewer');
    const caller = await as({ role: 'admin' });
    expect(caller.user.role).toBe('operator');
    const first = callerOf('admin');
    await changeRole(world, 'ann@example.com', 'viewer', BY);
    const again = await createKey(world, { name: 'x', user: 'ann@example.com', role: 'operator' }, asking(first));
    expect((await authenticate(world, again.api_key)).user.role).toBe('viewer');
  });

  test('ceiling, images, secrets and end are those of the key that asks, or less', async () => {
    const { world, create, as } = await openKeys('operator');
    const held = await as({ role: 'developer', images: ['a', 'b'], secrets: ['s'], expires_in: 60 });
    const { key } = await create({ role: 'operator', images: ['b', 'c'], expires_in: 3_600 }, held);
    expect(key).toMatchObject({
      expires_at_ms: T0 + 60_000,
      scope: { ceiling: 'developer', images: ['b'], secrets: ['s'] },
    });
    const { claim_token } = await issueSignIn(world, 'ann@example.com', 'console', BY, held);
    const { api_key } = await redeemClaim(world, claim_token, 'r');
    expect(await authenticate(world, api_key)).toMatchObject({
      key_expires_at_ms: T0 + 60_000,
      scope: { ceiling: 'developer', images: ['a', 'b'], secrets: ['s'] },
    });
  });

  test('of limited keys neither number of runs nor their sum is more than that of the one that made them', async () => {
    const { world, create, as } = await openKeys('admin');
    const maker = await as({ max_running: 3 });
    const of = async (request: Partial<CreateKeyRequest>, caller = maker) => (await create(request, caller)).key.scope;
    const together = { counted_with: maker.key_id };
    expect(await of({ max_running: 5 })).toEqual({ max_running: 3, ...together });
    expect(await of({ max_running: 0 })).toEqual({ max_running: 3, ...together });
    expect(await of({ max_running: 1 })).toEqual({ max_running: 1, ...together });
    expect(await of({}, await as({ max_running: 2 }, maker))).toEqual({ max_running: 2, ...together });
    const { claim_token } = await issueSignIn(world, 'ann@example.com', 'console', BY, maker);
    const signedIn = await authenticate(world, (await redeemClaim(world, claim_token, 'r')).api_key);
    expect(signedIn.scope).toEqual({ max_running: 3, ...together });
    const other = await createUser(world, { email: 'bob@example.com', role: 'admin' }, BY, undefined, maker);
    const bob = await authenticate(world, (await redeemClaim(world, other.claim_token, 'r')).api_key);
    expect(bob.scope).toEqual({ max_running: 3, ...together });
  });

  test('a limited key that rotates one without a limit gives its own to the new one', async () => {
    const { world, create, as } = await openKeys();
    const limited = await as({ max_running: 2 });
    const { key } = await create();
    const issued = await rotateKey(world, { keyId: key.key_id, overlapMs: 0 }, asking(limited));
    expect(issued.key.scope).toEqual({ max_running: 2, counted_with: limited.key_id });
  });

  test('one held to images or secrets counts as a developer at most', async () => {
    const { as } = await openKeys('admin');
    expect((await as({ images: ['host'] })).user.role).toBe('developer');
    expect((await as({ secrets: [], role: 'viewer' })).user.role).toBe('viewer');
  });
});

describe('what a key is held to', () => {
  test('its runs use the images it names, by id or by reference, and no other', async () => {
    const { world, as } = await openKeys();
    const host = await as({ images: ['host'] });
    await world.submit({}, { caller: host });
    await world.submit({ image: 'host' }, { caller: host });
    const other = await as({ images: ['alpine'] });
    await expect(world.submit({}, { caller: other })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('This key is held to the images alpine; got host:'),
    });
  });

  test('it uses, lists and reads the secrets it names, and no other of its user’s', async () => {
    const { world, ann, as } = await openKeys();
    for (const name of ['one', 'two']) {
      await createSecret(world, { name, key_name: name.toUpperCase(), value: 'v' }, { caller: ann, requestId: 'r' });
    }
    const held = await as({ secrets: ['one'] });
    expect((await listSecrets(world, held)).map(({ name }) => name)).toEqual(['one']);
    await readSecret(world, 'one', asking(held));
    await expect(readSecret(world, 'two', asking(held))).rejects.toThrow('This key is held to the secrets one.');
    await world.submit({ secrets: ['one'] }, { caller: held });
    await expect(world.submit({ secrets: ['two'] }, { caller: held })).rejects.toMatchObject({
      code: 'SECRET_NOT_FOUND',
    });
  });
});

describe('revoking and rotating', () => {
  test('a revoked key is refused at once; twice is no error', async () => {
    const { world, ann, create } = await openKeys();
    const { key, api_key } = await create();
    await revokeKey(world, key.key_id, asking(ann));
    await revokeKey(world, key.key_id, asking(ann));
    await expect(authenticate(world, api_key)).rejects.toMatchObject({ code: 'API_KEY_REVOKED' });
  });

  test('a rotated key has the name, scope and time to live of the old one, which works on for the overlap', async () => {
    const { world, ann, create } = await openKeys();
    const old = await create({ expires_in: 7_200, secrets: ['s'] });
    world.clock.advance(HOUR_MS);
    const issued = await rotateKey(world, { keyId: old.key.key_id, overlapMs: 60_000 }, asking(ann));
    expect(issued.key).toMatchObject({
      name: 'ci',
      expires_at_ms: T0 + 3 * HOUR_MS,
      scope: { ceiling: 'developer', secrets: ['s'] },
    });
    await authenticate(world, old.api_key);
    world.clock.advance(60_000);
    await expect(authenticate(world, old.api_key)).rejects.toMatchObject({ code: 'INVALID_API_KEY' });
    await authenticate(world, issued.api_key);
  });

  test('a rotated key keeps its limit, and is counted with the one it replaces, as often as it is rotated', async () => {
    const { world, ann, create } = await openKeys();
    const first = await create({ max_running: 2 });
    const second = await rotateKey(world, { keyId: first.key.key_id, overlapMs: HOUR_MS }, asking(ann));
    const itself = await authenticate(world, second.api_key);
    const third = await rotateKey(world, { keyId: second.key.key_id, overlapMs: HOUR_MS }, asking(itself));
    for (const { key } of [second, third]) {
      expect(key.scope).toEqual({ max_running: 2, counted_with: first.key.key_id });
    }
  });

  test('a rotation never makes the old key live longer, and one that is over cannot be rotated', async () => {
    const { world, ann, create } = await openKeys();
    const { key } = await create({ expires_in: 60 });
    await rotateKey(world, { keyId: key.key_id, overlapMs: HOUR_MS }, asking(ann));
    world.clock.advance(60_000);
    await expect(rotateKey(world, { keyId: key.key_id, overlapMs: 0 }, asking(ann))).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  test('of another’s key nobody but an admin learns whether it exists', async () => {
    const { world, create } = await openKeys();
    const { key } = await create();
    const bob = callerOf('operator', 'bob@example.com');
    const errors = await Promise.all(
      [key.key_id, NO_KEY].map((id) =>
        revokeKey(world, id, asking(bob)).catch((error: Error) => error.message.replace(id, 'id')),
      ),
    );
    expect(errors[0]).toBe(errors[1]);
    await expect(rotateKey(world, { keyId: key.key_id, overlapMs: 0 }, asking(bob))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect((await revokeKey(world, key.key_id, asking(callerOf('admin')))).revoked).toBe(true);
  });
});

describe('roles', () => {
  test('a new role holds from the next request on', async () => {
    const { world, create } = await openKeys();
    const { api_key } = await create();
    await changeRole(world, 'Ann@example.com', 'operator', { ...BY, requestId: 'req-9' });
    expect((await authenticate(world, api_key)).user).toMatchObject({
      role: 'operator',
      modified_by_request_id: 'req-9',
    });
  });

  test.each([
    ['no@example.com', 'viewer', 'NOT_FOUND'],
    ['ann@example.com', 'root', 'INVALID_REQUEST'],
    ['admin@example.com', 'viewer', 'CONFLICT'],
  ])('%s as %s fails with %s', async (email, role, code) => {
    const { world } = await openKeys();
    await expect(changeRole(world, email, role, BY)).rejects.toMatchObject({ code });
  });

  test('a user that is no person is named service:<name>, and is one like any other', async () => {
    const { world } = await openKeys();
    const { user, claim_token } = await createUser(world, { email: 'service:ci', role: 'developer' }, BY);
    expect(user.email).toBe('service:ci');
    const { api_key } = await redeemClaim(world, claim_token, 'r');
    expect((await authenticate(world, api_key)).user.email).toBe('service:ci');
    await expect(createUser(world, { email: 'service:', role: 'viewer' }, BY)).rejects.toThrow('neither an e-mail');
  });
});
