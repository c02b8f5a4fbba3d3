import { write } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type LaneOwner, type Spool, laneEntry } from '../spool.ts';

/** What may wait for a reader that is slow; it is all in memory. */
const WAITING_BYTES = 4 * 1024 * 1024;

const STDOUT = 1;

/**
 * The safety lane where the platform keeps what a container prints: one line a message on standard output, nothing else.
 * It cannot be read back from here. Written beside the event loop: whoever reads slowly must not stop heartbeats.
 */
export function openStdoutLane(
  run: LaneOwner,
  args: { readonly onRoom: () => void; readonly note: (text: string) => void; readonly fd?: number },
): Spool {
  const writeSome = promisify(write);
  const fd = args.fd ?? STDOUT;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let isBroken = false;
  let writing: Promise<void> | undefined;

  const isFull = () => waitingBytes > WAITING_BYTES;

  async function writeAll(bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      try {
        written += (await writeSome(fd, bytes, written, bytes.length - written)).bytesWritten;
      } catch (error) {
        // A pipe that somebody made non-blocking is full.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        await pause(5);
      }
    }
  }

  async function pump(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const bytes = Buffer.concat(waiting);
        waiting = [];
        await writeAll(bytes);
        const wasFull = isFull();
        waitingBytes -= bytes.length;
        if (wasFull && !isFull()) args.onRoom();
      }
    } catch (error) {
      isBroken = true;
      waiting = [];
      waitingBytes = 0;
      args.note(`nobody takes the safety lane: ${(error as Error).message}`);
      args.onRoom();
    }
    writing = undefined;
  }

  return {
    append(kind, body) {
      if (isBroken) return 'refused';
      const line = laneEntry(run, kind, body);
      waiting.push(line);
      waitingBytes += line.length;
      writing ??= pump();
      return 'passed_on';
    },
    get isFull() {
      return isFull();
    },
    flushed: () => writing ?? Promise.resolve(),
    end: 0,
    readAt: () => undefined,
  };
}
