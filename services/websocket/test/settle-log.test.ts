import { SETTLE_MS } from '@runvoy/core';
import { MemoryArchive } from '@runvoy/core/contracts/memory-archive';
import { openSqliteRecords } from '@runvoy/provider-local';
import { newLogger } from '@runvoy/runtime';
import { expect, test } from '@jest/globals';
import { settleLog } from '../src/settle-log.ts';
import { ended, sampleExecution, T0 } from './sample-execution.ts';

const HOUR_MS = 3_600_000;

test('a log is waited for no longer than the settle window, though the clock was an hour behind when its run ended', async () => {
  const records = openSqliteRecords(':memory:');
  const execution = ended(sampleExecution(), T0);
  let nowMs = T0 - HOUR_MS;
  let sleptMs = 0;
  const clock = {
    now: () => nowMs,
    // While somebody waits the clock is set right.
    async sleep(ms: number) {
      sleptMs += ms;
      nowMs = T0 + sleptMs;
    },
  };
  const deps = { records, archive: new MemoryArchive(), clock, logger: newLogger('silent', () => undefined) };
  const never = new AbortController().signal;
  const assessment = await settleLog(deps, () => execution, { proven: never, closing: never });
  expect(assessment).toMatchObject({ completeness: 'unproven', lines: 0 });
  expect(sleptMs).toBeLessThan(2 * SETTLE_MS);
  records.close();
});
