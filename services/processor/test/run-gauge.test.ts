import { expect, test } from '@jest/globals';
import type { TickReport } from '@runvoy/core';
import { Metrics } from '@runvoy/runtime';
import { meterTicks } from '../src/run-gauge.ts';

test('runs under way are what the last tick saw, and unknown once later ticks have gone elsewhere', async () => {
  let nowMs = 0;
  const metrics = new Metrics('acme');
  const ticked = meterTicks(metrics, { now: () => nowMs, sleep: async () => undefined });
  expect(await metrics.text()).toBe('');
  ticked({ unfinished: { WAITING: 1, STARTING: 0, RUNNING: 3, TERMINATING: 0 } } as TickReport);
  nowMs = 89_000;
  expect(await metrics.text()).toContain('acme_runs{status="RUNNING"} 3\n');
  nowMs = 90_000;
  expect(await metrics.text()).toBe('');
});
