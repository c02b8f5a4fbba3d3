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

/** The rows of a batch in both forms. */
export interface BatchRows {
  /** As `signedRows` writes them. */
  readonly signed: string;
  /** The digest rows of all lines. */
  readonly digest: string;
}

/** Writes both forms in one pass; what lines that were read together have in common is written once. */
export function batchRows(lines: readonly LogLine[]): BatchRows {
  let signed = `${lines[0]?.seq ?? ''}\n`;
  let digest = '';
  let [last, untimed, timed] = [lines[0], '', ''];
  for (const line of lines) {
    if (untimed === '' || line.ms !== last!.ms || line.stream !== last!.stream || line.partial !== last!.partial) {
      untimed = `\t${line.stream}\t${line.partial ? 1 : 0}\t`;
      timed = `${untimed}${line.ms}\t`;
    }
    last = line;
    const seq = String(line.seq);
    signed += `${seq}${timed}${line.text}\n`;
    digest += `${seq}${untimed}${line.text}\n`;
  }
  return { signed, digest };
}
