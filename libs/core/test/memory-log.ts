import { MemoryArchive } from '../contracts/memory-archive.ts';
import type { LogStore } from '../src/logs/log-store.ts';
import { MemoryRecords } from './memory-records.ts';

/** Where logs lie, in memory. */
export class MemoryLog implements LogStore {
  readonly records = new MemoryRecords();
  readonly archive = new MemoryArchive();
}
