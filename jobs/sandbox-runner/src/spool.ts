import { constants, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { SafetyLaneEntry } from '@runvoy/protocol';

/**
 * What the safety lane made of a message: it can be read back here, or it is safe somewhere else, or it was not taken (a full
 * disk) and memory is all it has.
 */
export type Keeping = 'kept' | 'passed_on' | 'refused';

/** The safety lane: every signed message, one `SafetyLaneEntry` a line, written before it is sent. */
export interface Spool {
  append(kind: 'logs' | 'finished', body: string): Keeping;
  /** More waits to be written than may. */
  readonly isFull: boolean;
  /** Resolves when everything appended is written. */
  flushed(): Promise<void>;
  /** Where the next entry will stand. */
  readonly end: number;
  /** The entry at `offset` and where the one after it stands; undefined at the end. */
  readAt(offset: number): { readonly entry: SafetyLaneEntry; readonly next: number } | undefined;
}

/** The run and the attempt that a lane belongs to. */
export interface LaneOwner {
  readonly execution_id: string;
  readonly attempt: number;
}

/** One line of a safety lane; `body` is JSON already. */
export function laneEntry(run: LaneOwner, kind: 'logs' | 'finished', body: string): Buffer {
  return Buffer.from(
    `{"runvoy":"${kind}","execution_id":"${run.execution_id}","attempt":${run.attempt},"body":${body}}\n`,
  );
}

const READ_BYTES = 128 * 1024;

/**
 * Opens the spool of one attempt, on disk. Nothing is synced: it has to survive the death of processes, and the page cache does;
 * what dies with the machine takes the command along, and the log is then `unproven`.
 */
export function openSpool(path: string, run: LaneOwner): Spool {
  const fd = openNew(path);
  let end = 0;

  return {
    append(kind, body) {
      if (fd === undefined) return 'refused';
      const line = laneEntry(run, kind, body);
      try {
        for (let written = 0; written < line.length;) {
          written += writeSync(fd, line, written, line.length - written, end + written);
        }
        end += line.length;
        return 'kept';
      } catch {
        try {
          // Half an entry would spoil the next one.
          ftruncateSync(fd, end);
        } catch {
          // The next entry is written over it.
        }
        return 'refused';
      }
    },
    isFull: false,
    flushed: async () => undefined,
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
