import { expect, test } from '@jest/globals';
import { readSigningKeys, SigningKeyProblem } from '../src/signing-keys.ts';

const HEX = 'ab'.repeat(32);

test('a current and a previous key are read', () => {
  const keys = readSigningKeys(`k2:${HEX}, k1:${'cd'.repeat(32)}`);
  expect(keys.current).toEqual({ id: 'k2', secret: Buffer.alloc(32, 0xab) });
  expect(keys.previous).toEqual({ id: 'k1', secret: Buffer.alloc(32, 0xcd) });
});

test.each([
  ['without an id', HEX],
  ['too short', 'k1:abcd'],
  ['no hex', `k1:${'zz'.repeat(32)}`],
  ['a third key', `k3:${HEX},k2:${HEX},k1:${HEX}`],
  ['one id twice', `k1:${HEX},k1:${HEX}`],
])('%s is refused, and the key is not repeated', (_, text) => {
  expect(() => readSigningKeys(text)).toThrow(SigningKeyProblem);
  expect(() => readSigningKeys(text)).not.toThrow(HEX);
});
