import type { Archive } from '../archive/archive.ts';
import type { Records } from '../records/records.ts';

/** Where a log lies: its newest lines as records, what was sealed of it in the archive. Whoever reads a log is given both. */
export interface LogStore {
  readonly records: Records;
  readonly archive: Archive;
}
