import { expect, test } from '@jest/globals';
import { keyIdOf, newApiKey } from '../../src/access/api-key.ts';
import { hashToken, newExecutionId, newRecordId, newToken, sameHash } from '../../src/access/tokens.ts';
import { countedBytes, T0 } from '../run-world.ts';

const about = { user_email: 'ann@example.com', name: 'cli', nowMs: T0 };

test('a key has the form rvy_<id>_<token>, and its id is the record', () => {
  const { text, key } = newApiKey(countedBytes(), about);
  expect(text).toMatch(/^rvy_[a-z2-7]{20}_[\w-]{43}$/);
  expect(keyIdOf(text)).toBe(key.key_id);
});

test('only the hash of a key is in its record', () => {
  const { text, key } = newApiKey(countedBytes(), { ...about, expires_at_ms: T0 + 1 });
  expect(key).toEqual({
    key_id: keyIdOf(text),
    user_email: 'ann@example.com',
    name: 'cli',
    hash: hashToken(text),
    created_at_ms: T0,
    expires_at_ms: T0 + 1,
    revoked: false,
  });
  expect(JSON.stringify(key)).not.toContain(text.split('_')[2]);
});

test.each([
  '',
  'rvy_',
  'rvy_short_token',
  'test-api-key',
  `xrvy_${'a'.repeat(20)}_${'b'.repeat(43)}`,
  `rvy_${'A'.repeat(20)}_${'b'.repeat(43)}`,
])('%j is not a key', (text) => {
  expect(keyIdOf(text)).toBeUndefined();
});

test('ids and tokens have their lengths and use all they draw', () => {
  const random = countedBytes();
  expect(newExecutionId(random)).toMatch(/^[0-9a-f]{32}$/);
  expect(newRecordId(random)).toMatch(/^[a-z2-7]{20}$/);
  expect(newToken(random)).toMatch(/^[\w-]{43}$/);
  const tokens = Array.from({ length: 100 }, () => newToken(random));
  expect(new Set(tokens).size).toBe(100);
  expect(newRecordId(() => Uint8Array.from({ length: 20 }, (_, index) => index))).toBe('abcdefghijklmnopqrst');
});

test('digests are compared whole', () => {
  const hash = hashToken('a');
  expect(hash).toBe('ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb');
  expect(sameHash(hash, hash)).toBe(true);
  expect(sameHash(hash, hashToken('b'))).toBe(false);
  expect(sameHash(hash, hash.slice(0, 63))).toBe(false);
  expect(sameHash(hash, `${hash.slice(0, 63)}c`)).toBe(false);
});
