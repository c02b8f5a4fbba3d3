import { constants, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { SafetyLaneEntry } from '@runvoy/protocol';

/** The safety lane on disk: every signed message, one `SafetyLaneEntry` a line, written before it is sent. */
export interface Spool {
  /** False when the disk did not take it (full, failing): the message then lives in memory only. */
  append(kind: 'logs' | 'finished', body: string): boolean;
  /** Where the next entry will stand. */
  readonly end: number;
  /** The entry at `offset` and where the one after it stands; undefined at the end. */
  readAt(offset: number): { readonly entry: SafetyLaneEntry; readonly next: number } | undefined;
}

const READ_BYTES = 128 * 1024;

/**
 * Opens the spool of one attempt. Nothing is synced: it has to survive the death of processes, and the page cache does;
 * what dies with the machine takes the command along, and the log is then `unproven`.
 */
export function openSpool(path: string, run: { readonly execution_id: string; readonly attempt: number }): Spool {
  const fd = openNew(path);
  let end = 0;

  return {
    append(kind, body) {
      if (fd === undefined) return false;
      const line = Buffer.from(
        `{"runvoy":"${kind}","execution_id":"${run.execution_id}","attempt":${run.attempt},"body":${body}}\n`,
      );
      try {
        for (let written = 0; written < line.length;) {
          written += writeSync(fd, line, written, line.length - written, end + written);
        }
        end += line.length;
        return true;
      } catch {
        try {
          // Half an entry would spoil the next one.
          ftruncateSync(fd, end);
        } catch {
          // The next entry is written over it.
        }
        return false;
      }
    },
    get end() {
      return end;
    },
    readAt(offset) {
      if (fd === undefined) return undefined;
      const pieces: Buffer[] = [];
      let at = offset;
      while (at < end) {
        const piece = Buffer.alloc(Math.min(READ_BYTES, end - at));
        const bytes = readSync(fd, piece, 0, piece.length, at);
        if (bytes === 0) return undefined;
        const lineEnd = piece.subarray(0, bytes).indexOf(10);
        pieces.push(piece.subarray(0, lineEnd < 0 ? bytes : lineEnd));
        if (lineEnd >= 0) {
          const entry = JSON.parse(Buffer.concat(pieces).toString('utf8')) as SafetyLaneEntry;
          return { entry, next: at + lineEnd + 1 };
        }
        at += bytes;
      }
      return undefined;
    },
  };
}

/** A disk that takes no new file costs the safety lane, not the run. */
function openNew(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  } catch {
    return undefined;
  }
}
