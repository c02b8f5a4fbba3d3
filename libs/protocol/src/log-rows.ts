import type { LogLine } from './log-line.ts';

/**
 * The row of one line that the end record's SHA-256 runs over: `seq TAB stream TAB 0|1 (partial) TAB text LF`.
 * A text holds no line feed, so rows cannot be confused. Encode as UTF-8.
 */
export function digestRow(line: LogLine): string {
  return `${line.seq}\t${line.stream}\t${line.partial ? 1 : 0}\t${line.text}\n`;
}

/** What the MAC of a `logs` message covers: `from LF`, then the digest rows with the time in front of the text. */
export function signedRows(from: number, lines: readonly LogLine[]): string {
  let rows = `${from}\n`;
  for (const line of lines) rows += `${line.seq}\t${line.stream}\t${line.partial ? 1 : 0}\t${line.ms}\t${line.text}\n`;
  return rows;
}
