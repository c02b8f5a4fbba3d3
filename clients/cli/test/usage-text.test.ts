import { expect, test } from '@jest/globals';
import { costText, usageText } from '../src/usage-text.ts';

const usage = {
  seconds: 4.2,
  charged_seconds: 60,
  vcpu_seconds: 120,
  gib_seconds: 90.25,
  log_bytes: 1_204,
  store_operations: 20,
  store_reads: 12,
  store_writes: 8,
  basis: 'how',
};

test('a usage is one line, in units a person knows', () => {
  expect(usageText(usage)).toBe('4.2 s, 120 vCPU-s, 90.3 GiB-s, 1,204 bytes of log, 20 store operations (how)');
});

test.each([
  [0.002_196, '0.002196'],
  [0.000_000_081, '0.000000081'],
  [0, '0'],
  [12, '12'],
  [100.5, '100.5'],
])('a cost of %d is written %s', (estimate, text) => {
  expect(costText({ estimate, currency: 'USD', basis: 'b' })).toBe(`${text} USD, estimated (b)`);
});
