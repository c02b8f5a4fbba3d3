import { createHash } from 'node:crypto';
import type { Batch } from './batch-writer.ts';

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
  add(batch: Pick<Batch, 'through' | 'textBytes' | 'digest'>): void;
  read(): EndRecord;
}

export function openEndRecord(): RollingEndRecord {
  const hash = createHash('sha256');
  let lines = 0;
  let bytes = 0;
  return {
    add(batch) {
      hash.update(batch.digest);
      lines = batch.through;
      bytes += batch.textBytes;
    },
    // A copy, so that reading does not close the hash.
    read: () => ({ lines, bytes, sha256: hash.copy().digest('hex') }),
  };
}
