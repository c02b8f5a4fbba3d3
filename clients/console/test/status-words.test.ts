import { expect, test } from '@jest/globals';
import type { ExecutionStatus } from '@runvoy/protocol';
import { reasonText, statusWord, stopSteps, waitingText } from '../src/status-words.ts';

test('a status or reason this page has never heard of is shown as it came', () => {
  expect(statusWord('PAUSED' as ExecutionStatus).word).toBe('PAUSED');
  expect(reasonText('solar_flare')).toBe('solar flare');
  expect(waitingText('free_slot')).toBe('waiting for free slot');
  expect(waitingText('slot', { place: 2, waiting: 5 })).toBe('waiting for a slot, place 2 of 5');
});

test('SIGKILL is a step ahead until the run is confirmed gone without it', () => {
  const names = (cancel: Parameters<typeof stopSteps>[0]) => stopSteps(cancel).map((step) => step.name);
  expect(names({ requested: 'a' })).toEqual(['requested', 'SIGTERM', 'SIGKILL', 'confirmed gone']);
  expect(names({ requested: 'a', signalled: 'b', confirmed: 'c' })).toEqual(['requested', 'SIGTERM', 'confirmed gone']);
  expect(names({ requested: 'a', signalled: 'b', killed: 'c', confirmed: 'd' })).toContain('SIGKILL');
});
