/**
 * `npm run test:scale -- --executions N --against M`: stores N executions in SQLite, and M in another, 200 unfinished ones beside either,
 * and counts what the tick asks of store and platform. Prints both, with times, and fails when the counts differ.
 */
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openSqliteRecords } from '@runvoy/provider-local';
import { countTicks, type CountedTicks } from './counted-ticks.ts';
import { UNFINISHED } from './unfinished-runs.ts';

const { values } = parseArgs({
  options: {
    executions: { type: 'string', default: '1000000' },
    against: { type: 'string', default: '1000' },
  },
});

const few = await over(countIn('against', values.against));
const many = await over(countIn('executions', values.executions));
if (JSON.stringify(few.ticks) === JSON.stringify(many.ticks)) {
  console.log('the same store and platform calls over both');
} else {
  console.log('the tick asks for other things over the longer history');
  process.exitCode = 1;
}

async function over(history: number): Promise<CountedTicks> {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'runvoy-scale-'));
  const records = openSqliteRecords(join(directory.path, 'records.sqlite'));
  try {
    const counted = await countTicks(records, history);
    tell(history, counted);
    return counted;
  } finally {
    records.close();
  }
}

function tell(history: number, { ticks, fillMs, tickMs }: CountedTicks): void {
  console.log(
    `${history.toLocaleString('en-US')} stored in ${(fillMs / 1000).toFixed(1)} s, ${UNFINISHED} unfinished beside them`,
  );
  ticks.forEach(({ store, platform }, index) => {
    const counts = Object.entries({ ...store, ...platform }).map(([name, count]) => `${name} ${count}`);
    console.log(`  tick ${index + 1}: ${counts.join(', ')}; ${tickMs[index]?.toFixed(0)} ms`);
  });
}

function countIn(option: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  console.error(`--${option} must be a whole number from 1 on; got "${text}".`);
  process.exit(2);
}
