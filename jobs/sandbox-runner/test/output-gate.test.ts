import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { OutputWait } from '@runvoy/protocol';
import { openOutputGate } from '../src/output-gate.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** A gate whose delivery says what the test says. */
function open() {
  const delivery = { fullBy: undefined as OutputWait | undefined, waitingBytes: 0, sentBytes: 0, isAway: false };
  const said: string[] = [];
  let told = 0;
  let isPaused = false;
  const gate = openOutputGate({
    delivery,
    now: Date.now,
    say: (text) => said.push(text),
    onTold: () => (told += 1),
  });
  gate.attach({ pause: () => void (isPaused = true), resume: () => void (isPaused = false) });
  const set = (more: Partial<typeof delivery>) => {
    Object.assign(delivery, more);
    gate.look();
  };
  return { gate, set, said, told: () => told, isPaused: () => isPaused };
}

describe('a gate', () => {
  test('has the command wait as soon as too much waits, and tells that when it has taken five seconds', () => {
    const { gate, set, said, isPaused } = open();
    set({ fullBy: 'log_delivery', waitingBytes: 64 * 2 ** 20, isAway: true });
    expect(isPaused()).toBe(true);
    jest.advanceTimersByTime(4_000);
    expect([said, gate.wait]).toEqual([[], undefined]);
    jest.advanceTimersByTime(1_500);
    expect(said).toEqual([
      'the command is slowed: 64.0 MiB of its output wait, and the server takes none at the moment',
    ]);
    expect(gate.wait).toBe('log_delivery');
  });

  test('tells how long it was, once it has gone on for five seconds', () => {
    const { gate, set, said, told, isPaused } = open();
    set({ fullBy: 'log_delivery' });
    jest.advanceTimersByTime(8_000);
    set({ fullBy: undefined });
    expect(isPaused()).toBe(false);
    jest.advanceTimersByTime(4_000);
    expect([gate.wait, told()]).toEqual(['log_delivery', 1]);
    jest.advanceTimersByTime(1_500);
    expect([gate.wait, told()]).toEqual([undefined, 2]);
    expect(said.at(-1)).toBe('the command was slowed for 8.0 s, as its output had to wait');
  });

  test('adds up short waits that follow each other, and forgets those that do not', () => {
    const { set, said } = open();
    const wait = (goesOnMs: number) => {
      set({ fullBy: 'log_delivery' });
      jest.advanceTimersByTime(1_000);
      set({ fullBy: undefined });
      jest.advanceTimersByTime(goesOnMs);
    };
    for (let i = 0; i < 10; i += 1) wait(6_000);
    expect(said).toEqual([]);
    for (let i = 0; i < 10; i += 1) wait(500);
    expect(said).toHaveLength(1);
    jest.advanceTimersByTime(6_000);
    expect(said.at(-1)).toContain('slowed for 10.0 s');
  });

  test('tells a full disk also when another wait was told before', () => {
    const { gate, set, said } = open();
    set({ fullBy: 'log_delivery' });
    jest.advanceTimersByTime(6_000);
    set({ fullBy: 'log_disk' });
    jest.advanceTimersByTime(1_000);
    set({ fullBy: 'log_delivery' });
    jest.advanceTimersByTime(1_000);
    expect(said).toHaveLength(2);
    expect(gate.wait).toBe('log_disk');
  });

  test('makes no time out of a clock that is set back', () => {
    const { set, said } = open();
    set({ fullBy: 'log_delivery' });
    jest.setSystemTime(Date.now() - 3_600_000);
    set({ fullBy: undefined });
    jest.advanceTimersByTime(10_000);
    expect(said).toEqual([]);
  });

  test('opens for a command that is to end until it has had 4 MiB more, and for what is left in its pipes', () => {
    const { gate, set, isPaused } = open();
    set({ fullBy: 'log_delivery', sentBytes: 1_000 });
    gate.letEnd();
    expect(isPaused()).toBe(false);
    set({ sentBytes: 1_000 + 4 * 2 ** 20 });
    expect(isPaused()).toBe(false);
    set({ sentBytes: 1_001 + 4 * 2 ** 20 });
    expect(isPaused()).toBe(true);
    gate.letEnd();
    expect(isPaused()).toBe(true);
    gate.clear();
    expect(isPaused()).toBe(false);
  });

  test('tells that an end waits for what is left, however it was before', () => {
    const { gate, set } = open();
    set({ waitingBytes: 2 * 2 ** 20 });
    expect(gate.wait).toBeUndefined();
    gate.clear();
    expect(gate.wait).toBe('log_delivery');
    set({ waitingBytes: 1_000 });
    expect(gate.wait).toBeUndefined();
  });
});
