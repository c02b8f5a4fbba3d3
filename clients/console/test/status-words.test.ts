import { expect, test } from '@jest/globals';
import type { ExecutionStatus } from '@runvoy/protocol';
import { statusWord, stopSteps, stateText } from '../src/status-words.ts';

test('the reason is told in the words of the server; of one that sends none, as it came', () => {
  expect(statusWord('PAUSED' as ExecutionStatus).word).toBe('PAUSED');
  expect(stateText({ status: 'FAILED', reason: 'lost', reason_text: 'its runner was lost' })).toBe(
    'its runner was lost',
  );
  expect(stateText({ status: 'FAILED', reason: 'solar_flare' })).toBe('solar flare');
  expect(stateText({ status: 'STARTING', waiting_for: 'free_slot' })).toBe('waiting for free slot');
  expect(stateText({ status: 'RUNNING', reason_text: 'its command is running' })).toBeUndefined();
  const queue = { place: 2, waiting: 5 };
  expect(stateText({ status: 'STARTING', waiting_for: 'slot', reason_text: 'waiting for a free slot', queue })).toBe(
    'waiting for a free slot: place 2 of 5',
  );
});

test('SIGKILL is a step ahead until the run is confirmed gone without it', () => {
  const names = (cancel: Parameters<typeof stopSteps>[0]) => stopSteps(cancel).map((step) => step.name);
  expect(names({ requested: 'a' })).toEqual(['requested', 'SIGTERM', 'SIGKILL', 'confirmed gone']);
  expect(names({ requested: 'a', signalled: 'b', confirmed: 'c' })).toEqual(['requested', 'SIGTERM', 'confirmed gone']);
  expect(names({ requested: 'a', signalled: 'b', killed: 'c', confirmed: 'd' })).toContain('SIGKILL');
});
