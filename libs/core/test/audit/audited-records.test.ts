import { expect, test } from '@jest/globals';
import type { AuditBody } from '@runvoy/protocol';
import { createUser, revokeUser } from '../../src/access/users.ts';
import { auditLine } from '../../src/audit/audit-line.ts';
import { auditedRecords } from '../../src/audit/audited-records.ts';
import { listAudit } from '../../src/audit/read-audit.ts';
import { createSecret, updateSecret } from '../../src/secrets/secrets.ts';
import { manualClock } from '../../src/time/clock.ts';
import { MemoryRecords } from '../memory-records.ts';
import { callerOf, countedBytes } from '../run-world.ts';
import { testVault } from '../test-vault.ts';

const BY = { caller: callerOf('admin'), requestId: 'r' };

function openWorld() {
  const lines: string[] = [];
  const stored = new MemoryRecords();
  const records = auditedRecords(stored, (record) => lines.push(auditLine(record)));
  const told = () => lines.map((line) => JSON.parse(line) as { readonly audit: AuditBody } & Record<string, unknown>);
  const deps = { records, clock: manualClock(1_000), random: countedBytes(), vault: testVault };
  return { stored, deps, lines, told };
}

const by = { email: 'admin@example.com', requestId: 'r' };

test('every stored record is told once, as a line that a sink can select, without any value', async () => {
  const { deps, stored, lines, told } = openWorld();
  await createUser(deps, { email: 'ann@example.com', role: 'viewer' }, by);
  await createSecret(deps, { name: 'gh', key_name: 'TOKEN', value: 'the value itself' }, BY);
  await updateSecret(deps, 'gh', { value: 'another value' }, BY);
  const { records } = await listAudit(stored, {}, { limit: 10 });
  expect(told().map(({ audit }) => [audit.seq, audit.hash])).toEqual(
    records.map(({ seq, hash }) => [seq, hash]).toReversed(),
  );
  expect(told()[0]).toMatchObject({
    severity: 'NOTICE',
    message: 'admin@example.com: user.create ann@example.com',
    time: '1970-01-01T00:00:01.000Z',
    'logging.googleapis.com/insertId': 'audit-1',
    runvoy_record: 'audit',
  });
  expect(lines.every((line) => line.endsWith('\n') && line.split('\n').length === 2)).toBe(true);
  expect(lines.join('')).not.toMatch(/the value itself|another value/);
});

test('what was refused or had to run again is told no more often than it is stored', async () => {
  const { deps, stored, told } = openWorld();
  await createUser(deps, { email: 'ann@example.com', role: 'viewer' }, by);
  await expect(createUser(deps, { email: 'ann@example.com', role: 'viewer' }, by)).rejects.toThrow('exists');
  expect(told()).toHaveLength(1);
  // Both read the same end of the chain: one of them runs again.
  await Promise.all([
    createUser(deps, { email: 'bob@example.com', role: 'viewer' }, by),
    revokeUser(deps, 'ann@example.com', by),
  ]);
  expect(
    told()
      .map(({ audit }) => audit.seq)
      .toSorted(),
  ).toEqual([1, 2, 3]);
  const failing = auditedRecords(stored, () => {
    throw new Error('told');
  });
  stored.transact = () => Promise.reject(new Error('the store is away'));
  await expect(createUser({ ...deps, records: failing }, { email: 'c@d.e', role: 'viewer' }, by)).rejects.toThrow(
    'away',
  );
});
