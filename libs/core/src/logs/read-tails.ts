import type { LogLine, LogStream } from '@runvoy/protocol';
import { linesOf } from './log-chunk.ts';
import type { LogStore } from './log-store.ts';
import { chunksFromEnd } from './read-backwards.ts';

/** The last of what a command wrote to one stream. */
export interface Tail {
  readonly text: string;
  /** There was more before it. */
  readonly cut: boolean;
}

/** The end of a log, by stream, and the cursor behind its last line. */
export interface Tails {
  readonly stdout: Tail;
  readonly stderr: Tail;
  readonly through: number;
}

const CHUNKS_A_PAGE = 4;
/** However the two streams lie in it, no more of a log than this is read for its end. */
const CHUNKS_AT_MOST = 16;

/** Reads the end of a log backwards until both streams have `bytes` of UTF-8, or nothing is left to read. */
export async function readTails(log: LogStore, executionId: string, bytes: number): Promise<Tails> {
  const held = { stdout: new TailOf('stdout', bytes), stderr: new TailOf('stderr', bytes) };
  let through = 0;
  let chunks = 0;
  let isMore = false;
  for await (const chunk of chunksFromEnd(log, executionId, CHUNKS_A_PAGE)) {
    chunks += 1;
    through = Math.max(through, chunk.through);
    for (const line of linesOf(chunk).toReversed()) {
      held.stdout.take(line);
      held.stderr.take(line);
    }
    if (chunks < CHUNKS_AT_MOST && !(held.stdout.isFull && held.stderr.isFull)) continue;
    isMore = chunk.from > 1;
    break;
  }
  return { stdout: held.stdout.tail(isMore), stderr: held.stderr.tail(isMore), through };
}

/** Collects the lines of one stream from its last to its first. */
class TailOf {
  readonly #stream: LogStream;
  readonly #bytes: number;
  readonly #parts: string[] = [];
  #size = 0;
  isFull = false;

  constructor(stream: LogStream, bytes: number) {
    this.#stream = stream;
    this.#bytes = bytes;
  }

  take({ stream, text, partial }: LogLine): void {
    if (this.isFull || stream !== this.#stream) return;
    const written = partial ? text : `${text}\n`;
    const size = Buffer.byteLength(written);
    if (this.#size + size > this.#bytes) {
      this.isFull = true;
      return;
    }
    this.#parts.push(written);
    this.#size += size;
  }

  tail(isMore: boolean): Tail {
    return { text: this.#parts.toReversed().join(''), cut: this.isFull || isMore };
  }
}
