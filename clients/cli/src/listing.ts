import type { Invocation } from './invocation.ts';
import { oneLine } from './one-line.ts';
import { startedText } from './started-text.ts';
import { tableLines, type Column } from './table.ts';

/** A column of a listing and what it shows of one thing. */
export interface Shown<T> extends Column {
  /** `time` makes a moment short for a person who looks now. */
  readonly cell: (thing: T, time: (rfc3339: string | undefined) => string) => string;
}

/** Prints things as a table on stdout; of none it says so on stderr, so that a script sees nothing. */
export function printListing<T>(
  { terminal }: Invocation,
  things: readonly T[],
  columns: readonly Shown<T>[],
  none: string,
): void {
  const { stdout, stderr } = terminal;
  if (things.length === 0) return void stderr.write(`${none}\n`);
  const width = stdout.isTTY ? stdout.columns || 80 : undefined;
  const nowMs = width === undefined ? undefined : Date.now();
  const time = (text: string | undefined) => (text === undefined ? '' : startedText(text, nowMs));
  const rows = things.map((thing) => columns.map(({ cell }) => oneLine(cell(thing, time))));
  stdout.write(`${tableLines(columns, rows, width).join('\n')}\n`);
}
