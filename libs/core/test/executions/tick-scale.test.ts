import { expect, test } from '@jest/globals';
import { openSqliteRecords } from '@runvoy/provider-local';
import { countTicks } from '../../simulation/scale/counted-ticks.ts';
import { STOPPING, UNFINISHED, UNREPORTED, WAITING } from '../../simulation/scale/unfinished-runs.ts';

async function ticksOver(history: number) {
  const records = openSqliteRecords(':memory:');
  try {
    return (await countTicks(records, history)).ticks;
  } finally {
    records.close();
  }
}

test('a tick over ten thousand stored executions asks the same of store and platform as over a thousand', async () => {
  const few = await ticksOver(1_000);
  const many = await ticksOver(10_000);
  expect(many).toEqual(few);
  // What was counted is a tick's work: all runs are listed, all but the waiting ones read and asked about, stops sent again.
  const onPlatform = UNFINISHED - WAITING;
  for (const { store, platform, report } of many) {
    expect(store.records_read).toBeGreaterThanOrEqual(UNFINISHED + onPlatform);
    expect(platform).toMatchObject({ cancels: STOPPING, lanes_read: UNREPORTED, lists: 0 });
    expect(report).toMatchObject({ looked: onPlatform, failed: 0, left: 0, admitted: 0 });
  }
  // Whose end is known already, of that the platform is not asked again.
  expect(many.map(({ platform }) => platform.looks)).toEqual([onPlatform, onPlatform - UNREPORTED]);
  expect(many[0].store.writes).toBeGreaterThan(0);
  expect(many[1].store.writes).toBe(0);
}, 60_000);
