import { createHash } from 'node:crypto';
import { type LogLine, digestRow } from '@runvoy/protocol';

/** What proves that a log is whole. */
export interface EndRecord {
  /** Highest sequence number. */
  readonly lines: number;
  /** UTF-8 bytes of all texts. */
  readonly bytes: number;
  readonly sha256: string;
}

/** Rolls the end record over the lines of a run, a batch at a time. */
export interface RollingEndRecord {
  add(lines: readonly LogLine[]): void;
  read(): EndRecord;
}

export function openEndRecord(): RollingEndRecord {
  const hash = createHash('sha256');
  let lines = 0;
  let bytes = 0;
  return {
    add(batch) {
      let rows = '';
      for (const line of batch) {
        rows += digestRow(line);
        bytes += Buffer.byteLength(line.text);
      }
      hash.update(rows);
      lines = batch.at(-1)?.seq ?? lines;
    },
    // A copy, so that reading does not close the hash.
    read: () => ({ lines, bytes, sha256: hash.copy().digest('hex') }),
  };
}
