import { expect, test } from '@jest/globals';
import { isTerminal, LIMITS, type ExecutionStatus } from '../src/index.ts';

test.each<[ExecutionStatus, boolean]>([
  ['STARTING', false],
  ['RUNNING', false],
  ['TERMINATING', false],
  ['SUCCEEDED', true],
  ['FAILED', true],
  ['STOPPED', true],
])('%s is terminal: %s', (status, expected) => {
  expect(isTerminal(status)).toBe(expected);
});

test('every limit is a positive whole number, and what travels together fits', () => {
  for (const [name, limit] of Object.entries(LIMITS))
    expect([name, Number.isInteger(limit) && limit > 0]).toEqual([name, true]);
  expect(LIMITS.commandBytes + LIMITS.envTotalBytes).toBeLessThan(LIMITS.bodyBytes);
  expect(LIMITS.envValueBytes).toBeLessThanOrEqual(LIMITS.envTotalBytes);
  expect(LIMITS.lineTextBytes).toBeLessThan(LIMITS.batchBytes);
  expect(LIMITS.timeoutDefaultS).toBeLessThanOrEqual(LIMITS.timeoutMaxS);
  expect(LIMITS.graceDefaultMs).toBeLessThanOrEqual(LIMITS.graceMaxMs);
});
