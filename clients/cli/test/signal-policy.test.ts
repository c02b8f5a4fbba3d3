import { expect, test } from '@jest/globals';
import { SIGNAL_POLICY, type RunStage, type SignalMode, type StopSignal } from '../src/signal-policy.ts';

const after = (mode: SignalMode, ...signals: StopSignal[]) =>
  signals.reduce<RunStage>((stage, signal) => SIGNAL_POLICY[mode][stage][signal], 'following');

test('on a terminal the first Ctrl-C detaches, the second stops, the third leaves', () => {
  expect(after('terminal', 'SIGINT')).toBe('detaching');
  expect(after('terminal', 'SIGINT', 'SIGINT')).toBe('stopping');
  expect(after('terminal', 'SIGINT', 'SIGINT', 'SIGINT')).toBe('leaving');
});

test('on a terminal SIGTERM ends this client and not the run', () => {
  expect(after('terminal', 'SIGTERM')).toBe('leaving');
});

test.each<StopSignal>(['SIGINT', 'SIGTERM'])('without a terminal %s stops the run, and again leaves', (signal) => {
  expect(after('pipe', signal)).toBe('stopping');
  expect(after('pipe', signal, signal)).toBe('leaving');
});

test('with --detach-on-signal the run is left alone', () => {
  expect(after('pipe-detach', 'SIGTERM')).toBe('leaving');
});
