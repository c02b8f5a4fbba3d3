import { describe, expect, test } from '@jest/globals';
import type { Execution } from '../../src/executions/execution.ts';
import { costOf, readPrices } from '../../src/usage/prices.ts';
import { STORE_ROWS, storeUseOf } from '../../src/usage/store-use.ts';
import { usageOf } from '../../src/usage/usage.ts';
import { after, bootstrapped, finished, platformEnded, starting } from '../executions/facts.ts';
import { documentedTable } from '../markdown-table.ts';

const T0 = 10_000;

/** A finished run with these attempts, on Cloud Run unless told. */
function ended(end: object | undefined, more: Partial<Execution> = {}): Execution {
  const attempt = { attempt: 1, token_hash: '', made_at_ms: T0 };
  const whole = { platform_execution: 'rv-1', kind: 'exited' as const, at_ms: T0, ...end };
  return {
    ...starting,
    isolation: 'cloud-run',
    status: 'SUCCEEDED',
    unfinished: false,
    cpu: 2_048,
    memory_mib: 512,
    facts: {
      attempts: [end ? { ...attempt, end: whole } : attempt],
      bound: { attempt: 1, nonce_hash: '', at_ms: T0 },
    },
    end_record: { lines: 3, bytes: 30, sha256: '', maskings: 0 },
    ...more,
  };
}

describe('usage', () => {
  test('is told of no run that may use more', () => {
    expect(usageOf(starting)).toBeUndefined();
    expect(usageOf(after(bootstrapped()))).toBeUndefined();
    expect(usageOf(after(bootstrapped(), finished({ exit_code: 0 })))).toBeUndefined();
    expect(usageOf(after(bootstrapped(), finished({ exit_code: 0 }), platformEnded()))).toBeDefined();
  });

  test('on Cloud Run is the platform’s time, charged as a minute at least, for both containers', () => {
    const run = ended({ at_ms: T0 + 4_230, started_at_ms: T0, vcpu: 3, memory_mib: 1_536 });
    expect(usageOf(run)).toMatchObject({
      seconds: 4.23,
      charged_seconds: 60,
      vcpu_seconds: 180,
      gib_seconds: 90,
      log_bytes: 30,
      basis: expect.stringMatching(/^time as the platform measured it, in steps of 0.1 s and at least a minute/),
    });
  });

  test.each([
    [60_000, 60],
    [60_001, 60.1],
    [61_100, 61.1],
    [3_600_050, 3_600.1],
  ])('on Cloud Run %d ms are charged as %d s', (ms, charged) => {
    const run = ended({ at_ms: T0 + ms, started_at_ms: T0, vcpu: 1, memory_mib: 1_024 });
    expect(usageOf(run)).toMatchObject({ charged_seconds: charged, vcpu_seconds: charged, gib_seconds: charged });
  });

  test('counts from the bootstrap where the platform does not say when it began, and says so', () => {
    const run = ended({ at_ms: T0 + 90_000 });
    expect(usageOf(run)).toMatchObject({ seconds: 90, vcpu_seconds: 180, gib_seconds: 45 });
    expect(usageOf(run)!.basis).toMatch(/^time from when its runner got the command to the end, in steps/);
  });

  test('on this machine is not rounded, in the size that was asked for', () => {
    const run = ended({ at_ms: T0 + 250 }, { isolation: 'process' });
    expect(usageOf(run)).toMatchObject({ seconds: 0.25, charged_seconds: 0.25, vcpu_seconds: 0.5, gib_seconds: 0.125 });
  });

  test('of attempts that ran adds up, a refused one included, and one that never began is nothing', () => {
    const end = (from: number, to: number) => ({
      platform_execution: `rv-${from}`,
      kind: 'exited' as const,
      at_ms: T0 + to,
      started_at_ms: T0 + from,
      vcpu: 1,
      memory_mib: 1_024,
    });
    const attempt = (number: number) => ({ attempt: number, token_hash: '', made_at_ms: T0 });
    const never = { ...end(0, 9_000), kind: 'never_started' as const };
    const run = ended(undefined, {
      facts: {
        attempts: [
          { ...attempt(1), end: never },
          { ...attempt(2), end: end(0, 1_000) },
          { ...attempt(3), end: end(0, 2_000) },
        ],
      },
    });
    expect(usageOf(run)).toMatchObject({ seconds: 3, charged_seconds: 120 });
  });

  test('of a run that never began is nothing but what the store was asked', () => {
    const { end_record: _, ...run } = ended({ kind: 'never_started', at_ms: T0 + 5_000 });
    const facts = { attempts: run.facts.attempts };
    expect(usageOf({ ...run, facts })).toMatchObject({
      seconds: 0,
      charged_seconds: 0,
      vcpu_seconds: 0,
      log_bytes: 0,
      basis: expect.stringContaining('nothing of it ran'),
    });
  });

  test('of a run restored from a backup counts no time, because nobody here knows its end', () => {
    const run = after(bootstrapped(), { kind: 'restored', backup_at_ms: 9_000, at_ms: 10_000 });
    expect(usageOf(run)).toMatchObject({ seconds: 0, basis: expect.stringMatching(/^its time is not counted/) });
  });

  test('is never negative, whatever the clocks say', () => {
    expect(usageOf(ended({ at_ms: T0 - 5_000, started_at_ms: T0 }))).toMatchObject({ seconds: 0 });
  });
});

describe('the formula of store operations', () => {
  const rows = new Map(
    documentedTable('store-operations.md', 'step').map(([step, , reads, , writes]) => [
      step,
      { reads: Number(reads), writes: Number(writes) },
    ]),
  );
  const minus = (a: string, b: string) => ({
    reads: rows.get(a)!.reads - rows.get(b)!.reads,
    writes: rows.get(a)!.writes - rows.get(b)!.writes,
  });

  test('uses the rows of docs/store-operations.md', () => {
    const run = 'a plain run of one chunk';
    expect(STORE_ROWS).toMatchObject({
      cloud: rows.get(run),
      machine: rows.get('the same on one machine'),
      variables: minus('the same with variables', run),
      stop: rows.get('a stop'),
      authentication: rows.get('any request with a key'),
    });
  });

  const plain = { without_input: true } as const;

  test('gives a plain run of one line what the table does, and its key', () => {
    const run = ended({ at_ms: T0 }, { ...plain, end_record: { lines: 1, bytes: 1, sha256: '', maskings: 0 } });
    expect(storeUseOf(run, 0)).toEqual({ reads: STORE_ROWS.cloud.reads + 2, writes: STORE_ROWS.cloud.writes });
  });

  test('adds heartbeats, ticks and chunks, never more chunks than lines', () => {
    const hour = (lines: number, bytes: number) =>
      storeUseOf(ended({}, { ...plain, end_record: { lines, bytes, sha256: '', maskings: 0 } }), 3_600);
    const base = storeUseOf(
      ended({}, { ...plain, end_record: { lines: 1, bytes: 1, sha256: '', maskings: 0 } }),
      3_600,
    );
    expect(base.reads).toBe(STORE_ROWS.cloud.reads + 2 + 360 + 120);
    expect(hour(3_600, 36_000).writes).toBe(base.writes + 3_599);
    expect(hour(1_000_000, 10_000_000).writes).toBe(base.writes + 684 + 14_400 - 1);
  });
});

describe('prices', () => {
  const table = { currency: 'USD', source: 'a test', vcpu_second: 0.5, gib_second: 0.25, store_read: 2 };

  test('make a cost of what was used, and say what they are', () => {
    const read = readPrices(table);
    const usage = usageOf(ended({ at_ms: T0 + 60_000, started_at_ms: T0, vcpu: 2, memory_mib: 1_024 }))!;
    const cost = costOf(usage, (read as { value: Parameters<typeof costOf>[1] }).value);
    expect(cost).toEqual({
      estimate: 60 + 15 + 2 * usage.store_reads,
      currency: 'USD',
      basis: 'vCPU, memory, store reads at the prices of a test; before free tiers and discounts',
    });
  });

  test('that are wrong are refused, all of them at once', () => {
    const wrong = { currency: 'dollars', vcpu_second: -1, gib_second: '1', cpu: 3 };
    expect(readPrices(wrong)).toEqual({
      problems: [
        'needs "currency" in three capital letters, such as "USD"',
        'needs "source": where and when the prices were read',
        'has -1 for "vcpu_second"; a price is a number from 0 on',
        'has "1" for "gib_second"; a price is a number from 0 on',
        expect.stringMatching(/^has "cpu", which is none of currency, source, vcpu_second/),
      ],
    });
  });

  test.each([[null], [[]], ['x'], [{ currency: 'USD', source: 'x' }]])('%j is no table', (given) => {
    expect(readPrices(given)).toHaveProperty('problems');
  });
});
