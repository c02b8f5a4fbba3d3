import type { LogLine } from '@runvoy/protocol';
import { cursorBeforeLast, cursorBeforeTime } from '../src/logs/find-line.ts';
import { linesOf } from '../src/logs/log-chunk.ts';
import type { LogStore } from '../src/logs/log-store.ts';
import { readHead, readLineBatches, readLines, readTail } from '../src/logs/read-log.ts';
import { readTails } from '../src/logs/read-tails.ts';
import { searchLog } from '../src/logs/search-log.ts';
import { readMatcher } from '../src/logs/text-matcher.ts';
import { verifyLog } from '../src/logs/verify-log.ts';
import type { RunTruth } from './run-truth.ts';
import type { World } from './world.ts';

const SOME = 3;
const WORD = 'says';
const BYTES = 1_000_000;

/** What each way into a stored log says of it, held against what was ever stored, wherever that lies by now: [line-missing]. */
export async function checkDoors(world: World, run: RunTruth, log: LogStore): Promise<void> {
  const { id, label } = run;
  const clock = { now: () => world.wallMs, sleep: (ms: number) => world.sleep(ms) };
  const lines = [...run.chunks.values()].toSorted((a, b) => a.from - b.from).flatMap((chunk) => linesOf(chunk));
  const numbers = lines.map(({ seq }) => seq);
  const last = numbers.at(-1) ?? 0;
  const violate = (door: string, told: unknown, true_: unknown) =>
    world.violate('line-missing', `${label}: ${door} says ${JSON.stringify(told)}, stored is ${JSON.stringify(true_)}`);
  const demand = (door: string, told: unknown, true_: unknown) => {
    if (JSON.stringify(told) !== JSON.stringify(true_)) violate(door, told, true_);
  };
  const read = await Array.fromAsync(readLines(log, id, 0));
  demand('the whole', read, lines);
  const middle = Math.floor(last / 2);
  const behind = numbers.filter((seq) => seq > middle);
  demand(
    `what is behind line ${middle}`,
    (await Array.fromAsync(readLines(log, id, middle))).map(({ seq }) => seq),
    behind,
  );
  demand('the head', await readHead(log, id), numbers[0] ?? 0);
  demand('the tail', await readTail(log, id), last);
  const cursor = await cursorBeforeLast(log, id, SOME);
  demand(
    `the cursor before the last ${SOME}`,
    numbers.filter((seq) => seq > cursor),
    numbers.slice(-SOME),
  );
  const { stdout } = await readTails(log, id, BYTES);
  const written = textOf(lines, 'stdout');
  demand('the end of stdout', stdout.text, stdout.cut ? written.slice(-stdout.text.length) : written);
  const matcher = await readMatcher({ q: WORD, regex: false, ignoreCase: false });
  const search = { matcher: () => matcher, after: 0, limit: BYTES, isTimeUp: () => false };
  const { hits } = await searchLog(readLineBatches(log, id, 0), search);
  demand(
    'a search',
    hits.map(({ seq }) => seq),
    lines.filter(({ text }) => text.includes(WORD)).map(({ seq }) => seq),
  );
  const middleLine = lines[Math.floor(lines.length / 2)];
  if (middleLine && isInOrder(lines)) {
    const first = lines.find(({ ms }) => ms >= middleLine.ms)!;
    const before = await cursorBeforeTime(log, id, middleLine.ms);
    demand(
      'the cursor before a time',
      numbers.find((seq) => seq > before),
      first.seq,
    );
  }
  const { lines: counted, completeness } = await verifyLog({ ...log, clock }, run.execution!);
  if (completeness === 'complete' && numbers.length !== counted) violate('the proof', counted, numbers.length);
  if (run.execution!.log_proven && completeness !== 'complete') violate('the proof', completeness, 'complete');
}

const textOf = (lines: readonly LogLine[], stream: LogLine['stream']): string =>
  lines.flatMap((line) => (line.stream === stream ? [`${line.text}\n`] : [])).join('');

const isInOrder = (lines: readonly LogLine[]): boolean =>
  lines.every((line, at) => at === 0 || line.ms >= lines[at - 1]!.ms);
