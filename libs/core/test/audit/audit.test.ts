import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Role } from '@runvoy/protocol';
import { createFirstAdmin, issueKey } from '../../src/access/first-admin.ts';
import { redeemClaim } from '../../src/access/claim.ts';
import { createKey, revokeKey, rotateKey } from '../../src/access/keys.ts';
import { userRef } from '../../src/access/user.ts';
import { changeRole, createUser, issueSignIn, revokeUser } from '../../src/access/users.ts';
import { auditHeadRef, auditRef, hashOf, openAudit, type AuditRecord, type Deed } from '../../src/audit/audit.ts';
import { listAudit, verifyAudit } from '../../src/audit/read-audit.ts';
import { registerImage } from '../../src/images/register-image.ts';
import { removeImage } from '../../src/images/resolve-image.ts';
import {
  createSecret,
  grantSecret,
  readSecret,
  removeSecret,
  ungrantSecret,
  updateSecret,
} from '../../src/secrets/secrets.ts';
import { MemoryRecords } from '../memory-records.ts';
import { callerOf, RunWorld, T0 } from '../run-world.ts';

const BY = { email: 'admin@example.com', requestId: 'r1', keyId: 'k1' };
const ADMIN = callerOf('admin');
const by = { caller: ADMIN, requestId: 'r1' };
const SECRET = { name: 's', key_name: 'S', value: 'never-in-audit' };

async function records(world: RunWorld): Promise<readonly AuditRecord[]> {
  return (await listAudit(world.records, {}, { limit: 1_000 })).records;
}

/** One deed, told in a transaction of its own. */
function tell(store: MemoryRecords, deed: Deed): Promise<void> {
  return store.transact(async (tx) => (await openAudit(tx))(deed));
}

/** A world with a user and a secret, and only the deeds that follow in its audit. */
async function openWorld() {
  const world = await RunWorld.open();
  await createUser(world, { email: 'bob@example.com', role: 'developer' }, BY);
  await createSecret(world, SECRET, by);
  const before = (await records(world)).length;
  const since = async () => (await records(world)).toSorted((a, b) => a.seq - b.seq).slice(before);
  return { world, since };
}

describe('every change has exactly one record, in its own transaction [audit-chain]', () => {
  const DEEDS: readonly (readonly [string, string, (world: RunWorld) => Promise<unknown>])[] = [
    ['user.create', 'c@example.com', (w) => createUser(w, { email: 'c@example.com', role: 'viewer' }, BY)],
    ['user.change', 'bob@example.com', (w) => changeRole(w, 'bob@example.com', 'viewer', BY)],
    ['user.revoke', 'bob@example.com', (w) => revokeUser(w, 'bob@example.com', BY)],
    ['sign-in.create', 'bob@example.com', (w) => issueSignIn(w, 'bob@example.com', 'console', BY)],
    ['image.register', 'alpine:latest-c5c74c0e', (w) => registerImage(w, { image: 'alpine' }, BY)],
    ['secret.create', 't', (w) => createSecret(w, { ...SECRET, name: 't' }, by)],
    ['secret.read', 's', (w) => readSecret(w, 's', by)],
    ['secret.update', 's', (w) => updateSecret(w, 's', { value: 'never-in-audit-2' }, by)],
    ['secret.grant', 's', (w) => grantSecret(w, 's', 'bob@example.com', by)],
    ['secret.delete', 's', (w) => removeSecret(w, 's', by)],
  ];

  test.each(DEEDS)('%s of %s', async (action, subject, act) => {
    const { world, since } = await openWorld();
    await act(world);
    const told = await since();
    expect(told).toMatchObject([{ action, subject, by: 'admin@example.com', request_id: 'r1' }]);
    expect(JSON.stringify(told)).not.toContain('never-in-audit');
    expect((await verifyAudit(world.records)).intact).toBe(true);
  });

  test('of keys: made, claimed, rotated, revoked, made beside the API', async () => {
    const { world, since } = await openWorld();
    const { key } = await createKey(world, { name: 'ci' }, by);
    const { key: next } = await rotateKey(world, { keyId: key.key_id, overlapMs: 0 }, by);
    await revokeKey(world, next.key_id, by);
    const { claim_token } = await issueSignIn(world, 'bob@example.com', 'console', BY);
    const { api_key } = await redeemClaim(world, claim_token, 'r2');
    await issueKey(world, { email: 'bob@example.com', key_name: 'x', request_id: 'start' });
    const told = await since();
    expect(told.map(({ action }) => action)).toEqual([
      'key.create',
      'key.rotate',
      'key.revoke',
      'sign-in.create',
      'key.claim',
      'key.create',
    ]);
    expect(told[4]).toMatchObject({ by: 'bob@example.com', request_id: 'r2' });
    expect(JSON.stringify(told)).not.toContain(api_key.slice(25));
    expect(JSON.stringify(told)).not.toContain(claim_token);
  });

  test('what changes nothing tells nothing', async () => {
    const { world, since } = await openWorld();
    const { image_id } = await registerImage(world, { image: 'alpine' }, BY);
    await removeImage(world, image_id, BY);
    await revokeUser(world, 'bob@example.com', BY);
    const before = (await since()).length;
    await revokeUser(world, 'bob@example.com', BY);
    await ungrantSecret(world, 's', 'bob@example.com', by);
    await registerImage(world, { image: 'host' }, BY);
    expect(await since()).toHaveLength(before);
  });

  test('what is refused tells nothing, and leaves nothing', async () => {
    const { world, since } = await openWorld();
    const refused = await Promise.allSettled([
      createUser(world, { email: 'bob@example.com', role: 'viewer' }, BY),
      createUser(world, { email: 'x', role: 'root' as Role }, BY),
      createSecret(world, SECRET, by),
      readSecret(world, 's', { ...by, caller: callerOf('viewer') }),
      removeImage(world, 'alpine:latest-c5c74c0e', BY),
    ]);
    expect(refused.every(({ status }) => status === 'rejected')).toBe(true);
    expect(await since()).toEqual([]);
  });

  test('the first admin is the first record', async () => {
    const world = new RunWorld();
    await createFirstAdmin(world, { email: 'First@example.com', key_name: 'k', request_id: 'first-start' });
    expect(await records(world)).toMatchObject([
      { seq: 1, action: 'user.create', subject: 'first@example.com', previous: '0'.repeat(64) },
    ]);
  });

  test('two at once take two places in the chain', async () => {
    const { world, since } = await openWorld();
    await Promise.all(
      Array.from({ length: 5 }, (_, n) => createUser(world, { email: `u${n}@example.com`, role: 'viewer' }, BY)),
    );
    const seqs = (await since()).map(({ seq }) => seq);
    expect(new Set(seqs).size).toBe(5);
    expect((await verifyAudit(world.records)).intact).toBe(true);
  });
});

describe('verifying', () => {
  async function chain(length: number): Promise<MemoryRecords> {
    const store = new MemoryRecords();
    for (let n = 1; n <= length; n++) {
      await store.transact(async (tx) => {
        const audit = await openAudit(tx);
        audit({ at_ms: T0 + n, action: 'user.create', by: BY, subject: `u${n}`, details: { n: String(n) } });
      });
    }
    return store;
  }
  const rewrite = (store: MemoryRecords, seq: number, change: (record: AuditRecord) => AuditRecord) =>
    store.transact(async (tx) => tx.set(auditRef(seq), change((await tx.get(auditRef(seq)))!)));

  test('an untouched chain is intact, and its head is the hash of the newest', async () => {
    const store = await chain(5);
    const newest = (await store.get(auditRef(5)))!.value;
    expect(await verifyAudit(store)).toEqual({ intact: true, records: 5, head: newest.hash });
    expect(await verifyAudit(new MemoryRecords())).toMatchObject({ intact: true, records: 0 });
  });

  test('any field changed in any record is found, also when its own hash is made right', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom<(record: AuditRecord) => AuditRecord>(
          (record) => ({ ...record, by: 'eve' }),
          (record) => ({ ...record, at_ms: record.at_ms + 1 }),
          (record) => ({ ...record, subject: 'x' }),
          (record) => ({ ...record, action: 'user.revoke' }),
          (record) => ({ ...record, details: { n: 'x' } }),
          (record) => ({ ...record, request_id: 'x' }),
        ),
        fc.boolean(),
        async (seq, change, isRehashed) => {
          const store = await chain(4);
          await rewrite(store, seq, (record) => {
            const changed = change(record);
            return isRehashed ? { ...changed, hash: hashOf(changed) } : changed;
          });
          const { intact, broken } = await verifyAudit(store);
          expect(intact).toBe(false);
          expect(broken!.seq).toBeGreaterThanOrEqual(seq);
          expect(broken!.seq).toBeLessThanOrEqual(Math.min(4, seq + 1));
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a record taken out is found, and so is an end cut off', async () => {
    const middle = await chain(4);
    await middle.delete(auditRef(2));
    expect((await verifyAudit(middle)).broken).toEqual({ seq: 2, why: 'the record is gone' });
    const end = await chain(4);
    await end.transact(async (tx) => tx.set(auditHeadRef, { seq: 3, hash: 'f'.repeat(64) }));
    expect((await verifyAudit(end)).broken).toMatchObject({ seq: 3, why: expect.stringContaining('not the one') });
  });
});

describe('listing', () => {
  test('is newest first, in pages, by subject, user or action and within times', async () => {
    const { world } = await openWorld();
    world.clock.advance(1_000);
    await world.records.create(userRef('carol@example.com'), callerOf('viewer', 'carol@example.com').user);
    await revokeUser(world, 'bob@example.com', { email: 'carol@example.com', requestId: 'r' });
    const actions = async (filter: Parameters<typeof listAudit>[1]) =>
      (await listAudit(world.records, filter, { limit: 10 })).records.map(({ action }) => action);
    expect(await actions({ subject: 'bob@example.com' })).toEqual(['user.revoke', 'user.create']);
    expect(await actions({ by: 'carol@example.com' })).toEqual(['user.revoke']);
    expect(await actions({ action: 'secret.create' })).toEqual(['secret.create']);
    expect(await actions({ fromMs: T0 + 1_000 })).toEqual(['user.revoke']);
    expect(await actions({ toMs: T0 + 999, subject: 'bob@example.com' })).toEqual(['user.create']);
    const first = await listAudit(world.records, {}, { limit: 1 });
    const second = await listAudit(world.records, {}, { limit: 1, after: first.next });
    expect(first.records[0]?.action).toBe('user.revoke');
    expect(second.records[0]?.seq).toBeLessThan(first.records[0]!.seq);
  });

  const given = (field: fc.Arbitrary<string>) => fc.option(field, { nil: undefined });
  const [subjects, users, actions] = [
    fc.constantFrom('s', 't'),
    fc.constantFrom('ann', 'bob'),
    fc.constantFrom('a', 'b'),
  ];

  test('with several of subject, user and action all are true, page by page, and none is missing', async () => {
    const deed = fc.record({ subject: subjects, by: users, action: actions });
    const filter = fc.record({ subject: given(subjects), by: given(users), action: given(actions) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(deed, { maxLength: 25 }),
        filter,
        fc.integer({ min: 1, max: 4 }),
        async (told, asked, limit) => {
          const store = new MemoryRecords();
          for (const [n, { by: email, ...rest }] of told.entries()) {
            await tell(store, { at_ms: T0 + n, by: { ...BY, email }, ...rest });
          }
          const wanted = Object.entries(asked).filter(([, value]) => value !== undefined);
          const expected = told
            .map((record, n) => ({ ...record, seq: n + 1 }))
            .filter((record) => wanted.every(([field, value]) => record[field as keyof typeof record] === value))
            .map(({ seq }) => seq)
            .toReversed();
          const seen: number[] = [];
          let after: string | undefined;
          do {
            const page = await listAudit(store, Object.fromEntries(wanted), { limit, after });
            expect(page.records.length).toBeLessThanOrEqual(limit);
            seen.push(...page.records.map(({ seq }) => seq));
            after = page.next;
          } while (after !== undefined);
          expect(seen).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('of a rare pair at most 2,000 records are read for a page, and the next goes on behind them', async () => {
    const store = new MemoryRecords();
    await tell(store, { at_ms: T0, action: 'user.revoke', by: BY, subject: 'u' });
    const sample = (await store.get(auditRef(1)))!.value;
    await store.createMany(
      Array.from({ length: 2_500 }, (_, n) => ({
        ref: auditRef(n + 2),
        value: { ...sample, seq: n + 2, at_ms: T0 + 1 + n, action: 'secret.read' },
      })),
    );
    const asked = { by: BY.email, action: 'user.revoke' };
    store.reads = 0;
    const first = await listAudit(store, asked, { limit: 10 });
    expect([first.records.length, store.reads]).toEqual([0, 10]);
    const second = await listAudit(store, asked, { limit: 10, after: first.next });
    expect(second.records.map(({ seq }) => seq)).toEqual([1]);
    expect(second.next).toBeUndefined();
  });
});
