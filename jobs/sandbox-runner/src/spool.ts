import { constants, ftruncateSync, openSync, readSync, writeSync, writevSync } from 'node:fs';
import { LIMITS } from '@runvoy/protocol';

/**
 * What the safety lane made of a message: it can be read back here, or it is safe somewhere else, or it was not taken (a full
 * disk) and memory is all it has.
 */
export type Keeping = 'kept' | 'passed_on' | 'refused';

type MessageKind = 'logs' | 'finished';

/** A message as it stands in the spool. */
export interface Spooled {
  readonly kind: MessageKind;
  readonly body: Buffer;
  /** Where the one after it stands. */
  readonly next: number;
}

/** The safety lane: every signed message, one `SafetyLaneEntry` a line, written before it is sent. */
export interface Spool {
  append(kind: MessageKind, body: Buffer): Keeping;
  /** More waits to be written than may. */
  readonly isFull: boolean;
  /** Resolves when everything appended is written. */
  flushed(): Promise<void>;
  /** Where the next entry will stand. */
  readonly end: number;
  /** The message at `offset`; undefined at the end. Its body is overwritten by the next that is read. */
  readAt(offset: number): Spooled | undefined;
}

/** The run and the attempt that a lane belongs to. */
export interface LaneOwner {
  readonly execution_id: string;
  readonly attempt: number;
}

/** One line of a safety lane, a `SafetyLaneEntry`; `body` is JSON already. */
export function laneEntry(run: LaneOwner, kind: MessageKind, body: Buffer): Buffer {
  return Buffer.concat([entryHead(run, kind), body, ENTRY_TAIL]);
}

const ENTRY_TAIL = Buffer.from('}\n');

function entryHead(run: LaneOwner, kind: MessageKind): Buffer {
  return Buffer.from(`{"runvoy":"${kind}","execution_id":"${run.execution_id}","attempt":${run.attempt},"body":`);
}

/** An entry is no larger, so one read is enough. */
const READ_BYTES = LIMITS.batchBytes;

/**
 * Opens the spool of one attempt, on disk. Nothing is synced: it has to survive the death of processes, and the page cache does;
 * what dies with the machine takes the command along, and the log is then `unproven`.
 */
export function openSpool(path: string, run: LaneOwner): Spool {
  const fd = openNew(path);
  const heads = { logs: entryHead(run, 'logs'), finished: entryHead(run, 'finished') };
  let end = 0;
  /** Whoever is never behind reads nothing back. */
  let room: Buffer | undefined;

  /** The text of a message is taken as it was written: to parse it and write it anew would cost more than all else. */
  function messageOf(line: Buffer, next: number): Spooled {
    const isLogs = line.subarray(0, heads.logs.length).equals(heads.logs);
    const kind = isLogs ? 'logs' : 'finished';
    return { kind, body: line.subarray(heads[kind].length, -1), next };
  }

  return {
    append(kind, body) {
      if (fd === undefined) return 'refused';
      try {
        end += writeAll(fd, [heads[kind], body, ENTRY_TAIL], end);
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
      room ??= Buffer.allocUnsafeSlow(READ_BYTES);
      const pieces: Buffer[] = [];
      let at = offset;
      while (at < end) {
        const bytes = readSync(fd, room, 0, Math.min(READ_BYTES, end - at), at);
        if (bytes === 0) return undefined;
        const piece = room.subarray(0, bytes);
        const lineEnd = piece.indexOf(10);
        if (lineEnd >= 0) {
          const last = piece.subarray(0, lineEnd);
          return messageOf(pieces.length === 0 ? last : Buffer.concat([...pieces, last]), at + lineEnd + 1);
        }
        pieces.push(Buffer.from(piece));
        at += bytes;
      }
      return undefined;
    },
  };
}

/** Writes `pieces` one behind the other and answers how much that was; a disk that is nearly full takes a part before it refuses. */
function writeAll(fd: number, pieces: readonly Buffer[], at: number): number {
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  let written = writevSync(fd, pieces, at);
  if (written < size) {
    const whole = Buffer.concat(pieces);
    while (written < size) written += writeSync(fd, whole, written, size - written, at + written);
  }
  return size;
}

/** A disk that takes no new file costs the safety lane, not the run. */
function openNew(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  } catch {
    return undefined;
  }
}
