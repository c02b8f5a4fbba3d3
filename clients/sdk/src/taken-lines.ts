import type { LogLine } from '@runvoy/protocol';
import type { LogTally } from './log-tally.ts';
import type { RunEvent } from './run-events.ts';

/** Tells of the lines of a batch that are new. False when they do not follow those before: the rest was not taken. */
export function* takeLines(tally: LogTally, lines: readonly LogLine[]): Generator<RunEvent, boolean, undefined> {
  const { fresh, isWhole } = tally.take(lines);
  if (fresh.length > 0) yield { type: 'lines', lines: fresh };
  return isWhole;
}

/** Tells of all lines of a batch, and of what is missing between them: it will not come. */
export function* takeRest(tally: LogTally, lines: readonly LogLine[]): Generator<RunEvent, void, undefined> {
  do {
    const next = lines.find((line) => line.seq > tally.cursor);
    if (next) yield* skipTo(tally, next.seq - 1);
  } while (!(yield* takeLines(tally, lines)));
}

/** Lines up to `through` will not come. */
export function* skipTo(tally: LogTally, through: number): Generator<RunEvent, void, undefined> {
  const gap = tally.skip(through);
  if (gap) yield { type: 'gap', ...gap };
}
