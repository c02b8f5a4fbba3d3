import { EventEmitter, once } from 'node:events';
import { expect, test } from '@jest/globals';
import { LIMITS } from '@runvoy/protocol';
import { errorOf } from '@runvoy/sdk/client';
import { leaveCode, leaveText } from '../src/leave.ts';
import { RunControl } from '../src/run-control.ts';
import type { SignalMode } from '../src/signal-policy.ts';
import { stopPatienceMs } from '../src/stop-patience.ts';

const never = new Promise<'requested'>(() => undefined);

function controlled(mode: SignalMode, stop: () => Promise<'requested'>, patienceMs = 20) {
  const signals = new EventEmitter();
  const said: string[] = [];
  const control = new RunControl({
    api: { stop },
    screen: { say: (text) => void said.push(text) },
    mode,
    patienceMs,
    signals: signals as unknown as NodeJS.Process,
  });
  control.accepted('run1');
  return { control, signals, said };
}

test.each([
  ['accepted', async (): Promise<'requested'> => 'requested'],
  ['sent', (): Promise<'requested'> => never],
] as const)('a script does not wait for ever for a stop that was %s', async (stop, answer) => {
  const { control, signals } = controlled('pipe', answer);
  signals.emit('SIGTERM', 'SIGTERM');
  await once(control.left, 'abort');
  expect(control.leave).toEqual({ stop, waitedMs: 20 });
  expect(leaveCode(control.leave)).toBe(125);
  control.close();
});

test('a person waits for a stop as long as they like', async () => {
  const { control, signals } = controlled('terminal', async () => 'requested', 1);
  signals.emit('SIGINT', 'SIGINT');
  signals.emit('SIGINT', 'SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(control.left.aborted).toBe(false);
  control.close();
});

test('a script leaves a run that it may not stop', async () => {
  const refused = errorOf({ status: 403, text: '{"error":"Forbidden","code":"FORBIDDEN"}' }, 0);
  const { control, signals, said } = controlled('pipe', () => Promise.reject(refused), 60_000);
  signals.emit('SIGTERM', 'SIGTERM');
  await once(control.left, 'abort');
  expect(said.at(-1)).toMatch(/^could not stop it: /);
  expect(leaveText('run1', control.leave)).toBe(
    'left: a stop was asked for and not accepted; the run may go on: runvoy status run1',
  );
  control.close();
});

test('the wait for a stop outlasts what the service promises, and says how long it was', () => {
  expect(stopPatienceMs(undefined)).toBe(LIMITS.graceDefaultMs + 120_000);
  expect(stopPatienceMs(0)).toBe(120_000);
  expect(stopPatienceMs(60)).toBe(60_000 + 60_000 + 120_000);
  expect(leaveText('run1', { stop: 'accepted', waitedMs: 130_000 })).toBe(
    'left after 2 min 10 s: its stop was accepted and its end is not confirmed: runvoy status run1',
  );
});
