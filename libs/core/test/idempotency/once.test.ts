import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { authenticate } from '../../src/access/authenticate.ts';
import { redeemClaim } from '../../src/access/claim.ts';
import { createKey, listKeys, revokeKey, rotateKey } from '../../src/access/keys.ts';
import { createUser, issueSignIn, listUsers } from '../../src/access/users.ts';
import { listAudit } from '../../src/audit/read-audit.ts';
import { Failure } from '../../src/failure.ts';
import { keptAnswerRef, type KeyedCall } from '../../src/idempotency/keyed-call.ts';
import { IDEMPOTENCY_MS, once, type Keep, type Outcome } from '../../src/idempotency/once.ts';
import { registerImage } from '../../src/images/register-image.ts';
import { listImages } from '../../src/images/resolve-image.ts';
import { createPlaybook, listPlaybooks } from '../../src/playbooks/playbooks.ts';
import type { Records } from '../../src/records/records.ts';
import { createSecret, everySecret } from '../../src/secrets/secrets.ts';
import { failingRecords, type Fault } from '../failing-records.ts';
import { callerOf, RunWorld } from '../run-world.ts';

const ADMIN = callerOf('admin');
const ASKING = { caller: ADMIN, requestId: 'r' };
const BY = { email: ADMIN.user.email, requestId: 'r' };
const CALL: KeyedCall = { by: 'me', route: 'POST /things', key: 'k', body: { a: 1 } };

type Made = object;
type Deps = Pick<RunWorld, 'vault' | 'clock' | 'random' | 'policy'> & { readonly records: Records };

/** A call that makes something: what it needs before, how it is made, and how many there are. */
interface Creation {
  readonly name: string;
  readonly holds: 'nothing-secret' | 'credential';
  prepare?(world: RunWorld): Promise<string>;
  make(deps: Deps, keep: Keep<Made>, prepared: string): Promise<Made>;
  count(world: RunWorld): Promise<number>;
}

const keysOfAdmin = async (world: RunWorld) => (await listKeys(world, undefined, ADMIN)).length;
const deeds = (action: string) => async (world: RunWorld) =>
  (await listAudit(world.records, { action }, { limit: 100 })).records.length;

const CREATIONS: readonly Creation[] = [
  {
    name: 'a user',
    holds: 'credential',
    make: (deps, keep) => createUser(deps, { email: 'new@example.com', role: 'viewer' }, BY, keep),
    count: async (world) => (await listUsers(world.records)).filter(({ email }) => email === 'new@example.com').length,
  },
  {
    name: 'a sign-in link',
    holds: 'credential',
    make: (deps, keep) => issueSignIn(deps, BY.email, 'console', BY, undefined, keep),
    count: deeds('sign-in.create'),
  },
  {
    name: 'a key',
    holds: 'credential',
    make: (deps, keep) => createKey(deps, { name: 'ci' }, ASKING, keep),
    count: keysOfAdmin,
  },
  {
    name: 'a key in the place of another',
    holds: 'credential',
    prepare: async (world) => (await createKey(world, { name: 'old' }, ASKING)).key.key_id,
    make: (deps, keep, keyId) => rotateKey(deps, { keyId, overlapMs: 0 }, ASKING, keep),
    count: async (world) => (await keysOfAdmin(world)) - 1,
  },
  {
    name: 'a key for a claim',
    holds: 'credential',
    prepare: async (world) => (await issueSignIn(world, BY.email, 'console', BY)).claim_token,
    make: (deps, keep, token) => redeemClaim(deps, token, 'r', keep),
    count: keysOfAdmin,
  },
  {
    name: 'a secret',
    holds: 'nothing-secret',
    make: (deps, keep) =>
      createSecret(deps, { name: 's', key_name: 'S', value: 'hidden value' }, ASKING, keep).then(({ name }) => ({
        name,
      })),
    count: async (world) => (await everySecret(world.records)).length,
  },
  {
    name: 'an image',
    holds: 'nothing-secret',
    make: (deps, keep) =>
      registerImage(deps, { image: 'alpine:3' }, BY, 'demanded', keep).then(({ image_id }) => ({
        image_id,
        is_new: true,
      })),
    count: async (world) => (await listImages(world.records)).filter(({ image }) => image === 'alpine:3').length,
  },
  {
    name: 'a playbook',
    holds: 'nothing-secret',
    make: (deps, keep) => createPlaybook(deps, { name: 'nightly', commands: ['make'] }, ASKING, keep),
    count: async (world) => (await listPlaybooks(world.records, ADMIN, { limit: 10 })).records.length,
  },
];

async function prepared(creation: Creation) {
  const world = await RunWorld.open();
  const before = (await creation.prepare?.(world)) ?? '';
  const { clock, random, policy } = world;
  const vault = { ...world.vault };
  const asked = (call: KeyedCall | undefined, records: Records): Promise<Outcome<Made, Made>> => {
    const deps = { records, vault, clock, random, policy };
    return once(deps, call, creation.holds, (keep) => creation.make(deps, keep, before));
  };
  const ask = (records: Records = world.records) => asked(CALL, records);
  return { world, vault, ask, asked };
}

describe.each(CREATIONS)('$name', (creation) => {
  test('is made once for a key: the second call is answered with the first’s', async () => {
    const { world, ask } = await prepared(creation);
    const first = await ask();
    const again = await ask();
    expect([first.isRepeat, again.isRepeat]).toEqual([false, true]);
    expect(again.made).toEqual(first.made);
    expect(await creation.count(world)).toBe(1);
  });

  test('another body under the key is refused, and makes nothing', async () => {
    const { world, ask, asked } = await prepared(creation);
    await ask();
    await expect(asked({ ...CALL, body: { a: 2 } }, world.records)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
      status: 422,
    });
    expect(await creation.count(world)).toBe(1);
  });

  test('wherever the store fails, the call sent again finds or makes the one there is', async () => {
    const counting = await prepared(creation);
    const counted = failingRecords(counting.world.records);
    await counting.ask(counted.records);
    const faults = Array.from({ length: counted.steps() }, (_, at) => at + 1).flatMap((at): Fault[] => [
      { at, when: 'before' },
      { at, when: 'after' },
    ]);
    expect(faults.length).toBeGreaterThan(4);
    for (const fault of faults) {
      const { world, ask } = await prepared(creation);
      const first = await ask(failingRecords(world.records, fault).records).catch((error: unknown) => error);
      const again = await ask();
      expect({ fault, count: await creation.count(world) }).toEqual({ fault, count: 1 });
      if (!(first instanceof Error)) expect((first as Outcome<Made, Made>).made).toEqual(again.made);
    }
  });

  test('two calls at once make one, in whatever order the store serves them, and both are answered with it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const { world, ask } = await prepared(creation);
        const scheduled = inTurns(world.records, scheduler);
        const both = Promise.all([ask(scheduled), ask(scheduled)]);
        await scheduler.waitFor(both);
        const [one, other] = await both;
        expect(one.made).toEqual(other.made);
        expect([one.isRepeat, other.isRepeat].filter(Boolean)).toHaveLength(1);
        expect(await creation.count(world)).toBe(1);
      }),
      { numRuns: 25 },
    );
  });

  test('without a key the store is asked for no more than it was', async () => {
    const { world, asked } = await prepared(creation);
    const asks = { gets: 0 };
    world.records.beforeGet = ({ collection }) => void (asks.gets += collection === 'idempotency' ? 1 : 0);
    await asked(undefined, world.records);
    expect(asks.gets).toBe(0);
    expect(world.records.writes.filter((write) => write.includes('idempotency'))).toEqual([]);
  });
});

/** Serves what is asked of a store in the order that a scheduler chooses. */
function inTurns(records: Records, scheduler: fc.Scheduler): Records {
  const turn = () => scheduler.schedule(Promise.resolve());
  return new Proxy(records, {
    get(target, name) {
      if (name === 'get') return async (ref: never) => (await turn(), target.get(ref));
      if (name === 'transact') {
        return async (change: Parameters<Records['transact']>[0]) => (await turn(), target.transact(change));
      }
      return Reflect.get(target, name, target);
    },
  });
}

test.each(CREATIONS)(
  '$name that was made is not made again when the key that sealed its answer was destroyed',
  async (creation) => {
    const { world, vault, ask } = await prepared(creation);
    await ask();
    vault.open = () => Promise.reject(new Failure('INTERNAL_ERROR'));
    await expect(ask()).rejects.toMatchObject({ code: 'ANSWER_GONE', status: 410 });
    expect(await creation.count(world)).toBe(1);
  },
);

test('a place of the keys that does not answer says nothing of an answer', async () => {
  const { vault, ask } = await prepared(CREATIONS[0]!);
  await ask();
  vault.open = () => Promise.reject(new Failure('STORE_UNAVAILABLE'));
  await expect(ask()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
});

describe('an answer that holds a credential', () => {
  const [user, , key, rotated, claimed] = CREATIONS as [Creation, Creation, Creation, Creation, Creation];

  const kept = async (world: RunWorld) => (await world.records.get(keptAnswerRef(CALL)))!.value;

  test.each([user, key, rotated, claimed])('to $name lies nowhere in the store in clear', async (creation) => {
    const { world, ask } = await prepared(creation);
    const { claim_token, api_key } = (await ask()).made as { claim_token?: string; api_key?: string };
    expect((claim_token ?? api_key)!.length).toBeGreaterThan(40);
    expect(world.records.contents()).not.toContain(claim_token ?? api_key);
    expect(await kept(world)).toMatchObject({ hidden: expect.any(String) });
    expect(await kept(world)).not.toHaveProperty('made');
  });

  async function expectGone(world: RunWorld, ask: () => Promise<unknown>, creation: Creation) {
    await expect(ask()).rejects.toMatchObject({ code: 'ANSWER_GONE', status: 410 });
    expect(await creation.count(world)).toBe(1);
  }

  test('is forgotten with the use of its claim', async () => {
    const { world, ask } = await prepared(user);
    const { claim_token } = (await ask()).made as { claim_token: string };
    await redeemClaim(world, claim_token, 'r');
    expect(await kept(world)).not.toHaveProperty('hidden');
    await expectGone(world, ask, user);
  });

  test('is told no more when its claim has expired', async () => {
    const { world, ask } = await prepared(user);
    await ask();
    world.clock.advance(15 * 60_000 - 1);
    expect((await ask()).isRepeat).toBe(true);
    world.clock.advance(1);
    await expectGone(world, ask, user);
  });

  test('is forgotten with the revocation of its key', async () => {
    const { world, ask } = await prepared(key);
    const made = (await ask()).made as { key: { key_id: string } };
    await revokeKey(world, made.key.key_id, ASKING);
    expect(await kept(world)).not.toHaveProperty('hidden');
    await expectGone(world, ask, key);
  });

  test('is forgotten when its key is replaced by another', async () => {
    const { world, ask } = await prepared(key);
    const made = (await ask()).made as { key: { key_id: string } };
    await rotateKey(world, { keyId: made.key.key_id, overlapMs: 60_000 }, ASKING);
    expect(await kept(world)).not.toHaveProperty('hidden');
    await expect(ask()).rejects.toMatchObject({ code: 'ANSWER_GONE' });
  });

  test('is told no more after 24 hours', async () => {
    const { world, ask } = await prepared(key);
    await ask();
    world.clock.advance(IDEMPOTENCY_MS - 1);
    expect((await ask()).isRepeat).toBe(true);
    world.clock.advance(1);
    await expectGone(world, ask, key);
  });

  test('to a claim is told no longer than the claim would have been good for', async () => {
    const { world, ask } = await prepared(claimed);
    const { api_key } = (await ask()).made as { api_key: string };
    expect((await authenticate(world, api_key)).user.email).toBe(BY.email);
    expect((await ask()).made).toMatchObject({ api_key });
    world.clock.advance(15 * 60_000);
    await expectGone(world, ask, claimed);
  });
});

test('callers, routes and keys never meet', () => {
  const scopes = [
    { by: 'a', route: 'r', key: 'k' },
    { by: 'b', route: 'r', key: 'k' },
    { by: 'a', route: 's', key: 'k' },
    { by: 'a', route: 'r', key: 'l' },
    { by: 'a","r', route: '', key: 'k' },
  ];
  expect(new Set(scopes.map((scope) => keptAnswerRef(scope).id)).size).toBe(scopes.length);
});
