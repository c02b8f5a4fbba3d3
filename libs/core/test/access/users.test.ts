import { describe, expect, test } from '@jest/globals';
import { LIMITS, type Role } from '@runvoy/protocol';
import { userRef } from '../../src/access/user.ts';
import { createUser, issueSignIn, listUsers, revokeUser } from '../../src/access/users.ts';
import { callerOf, RunWorld, T0 } from '../run-world.ts';

const BY = { email: 'admin@example.com', requestId: 'r' };

const bob = { email: ' Bob@Example.com ', role: 'developer' as Role };

describe('creating', () => {
  test('a user is stored under its e-mail in small letters, with who made it', async () => {
    const world = await RunWorld.open();
    const { user, claim_token } = await createUser(world, bob, { ...BY, requestId: 'req-7' });
    expect(user).toEqual({
      email: 'bob@example.com',
      role: 'developer',
      revoked: false,
      created_at_ms: T0,
      created_by_request_id: 'req-7',
      modified_by_request_id: 'req-7',
    });
    expect(claim_token).toMatch(/^[\w-]{43}$/);
  });

  test('an e-mail is taken once, in any case, also at once and after a revocation', async () => {
    const world = await RunWorld.open();
    const both = await Promise.allSettled([
      createUser(world, bob, BY),
      createUser(world, { ...bob, email: 'BOB@example.com' }, BY),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await revokeUser(world, 'bob@example.com', BY);
    await expect(createUser(world, bob, BY)).rejects.toMatchObject({ code: 'CONFLICT', status: 409 });
  });

  test.each([
    ['', 'email is required'],
    ['bob', '"bob" is neither an e-mail address'],
    ['a b@example.com', 'is neither an e-mail address'],
    ['<b@example.com>', 'is neither an e-mail address'],
    ['b\u001b[31m@example.com', 'is neither an e-mail address'],
  ])('the e-mail %j is refused', async (email, text) => {
    const world = await RunWorld.open();
    await expect(createUser(world, { ...bob, email }, BY)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    await expect(createUser(world, { ...bob, email }, BY)).rejects.toThrow(text);
  });

  test.each(['ann\u200b@example.com', 'ann@exam\u202eple.com', 'a\u2060nn@example.com'])(
    'the e-mail %j is refused: a sign that shows nothing would make two users look like one',
    async (email) => {
      const world = await RunWorld.open();
      await expect(createUser(world, { ...bob, email }, BY)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    },
  );

  test('an e-mail beyond the limit is refused, naming limit and size', async () => {
    const world = await RunWorld.open();
    const email = `${'x'.repeat(LIMITS.emailChars)}@a`;
    await expect(createUser(world, { ...bob, email }, BY)).rejects.toThrow(
      'email is 256 characters; the limit is 254.',
    );
  });

  test('an unknown role is refused, naming the known ones', async () => {
    const world = await RunWorld.open();
    await expect(createUser(world, { ...bob, role: 'root' as Role }, BY)).rejects.toThrow(
      'role must be one of admin, operator, developer, viewer; got "root"',
    );
  });

  test('an e-mail with signs that no id may hold is stored all the same', async () => {
    const world = await RunWorld.open();
    const { user } = await createUser(world, { ...bob, email: 'a/b+c%d@exämple.com' }, BY);
    expect((await world.records.get(userRef(user.email)))?.value.email).toBe('a/b+c%d@exämple.com');
  });
});

describe('revoking', () => {
  test('marks the user, and twice is no error and no second write', async () => {
    const world = await RunWorld.open();
    await createUser(world, bob, BY);
    expect(await revokeUser(world, 'BOB@example.com', { ...BY, requestId: 'req-8' })).toMatchObject({
      revoked: true,
      modified_by_request_id: 'req-8',
    });
    const writes = world.records.writes.length;
    expect((await revokeUser(world, 'bob@example.com', { ...BY, requestId: 'req-9' })).modified_by_request_id).toBe(
      'req-8',
    );
    expect(world.records.writes).toHaveLength(writes);
  });

  test('an unknown user is not found, an empty e-mail is refused', async () => {
    const world = await RunWorld.open();
    await expect(revokeUser(world, 'nobody@example.com', BY)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(revokeUser(world, ' ', BY)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  test('the last admin stays, also when other admins are revoked', async () => {
    const world = await RunWorld.open();
    await createUser(world, { email: 'second@example.com', role: 'admin' }, BY);
    await revokeUser(world, 'admin@example.com', BY);
    await expect(revokeUser(world, 'second@example.com', BY)).rejects.toThrow('second@example.com is the last admin');
  });

  test('two admins who revoke each other at once leave one', async () => {
    const world = await RunWorld.open();
    await createUser(world, { email: 'second@example.com', role: 'admin' }, BY);
    const outcomes = await Promise.allSettled(
      ['admin@example.com', 'second@example.com'].map((email) => revokeUser(world, email, BY)),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('another admin counts, however many users come before', async () => {
    const world = await RunWorld.open();
    const { user } = callerOf('viewer');
    const emails = Array.from(
      { length: LIMITS.listPage },
      (_, index) => `b${String(index).padStart(4, '0')}@example.com`,
    );
    await world.records.createMany(emails.map((email) => ({ ref: userRef(email), value: { ...user, email } })));
    await createUser(world, { email: 'z@example.com', role: 'admin' }, BY);
    expect((await revokeUser(world, 'admin@example.com', BY)).revoked).toBe(true);
  });
});

test('all users are listed by e-mail, revoked ones included', async () => {
  const world = await RunWorld.open();
  await createUser(world, bob, BY);
  await createUser(world, { email: 'ann@example.com', role: 'viewer' }, BY);
  await revokeUser(world, 'ann@example.com', BY);
  expect((await listUsers(world.records)).map(({ email, revoked }) => [email, revoked])).toEqual([
    ['admin@example.com', false],
    ['ann@example.com', true],
    ['bob@example.com', false],
  ]);
});

test('a sign-in for nobody is not found', async () => {
  const world = await RunWorld.open();
  await expect(issueSignIn(world, 'nobody@example.com', 'cli', BY)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
