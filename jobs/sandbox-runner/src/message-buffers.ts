import { LIMITS } from '@runvoy/protocol';

/**
 * Where messages stand as bytes while they wait. What holds a large one is used again: memory outside of the heap that comes and goes
 * with every batch has the collector go through the whole heap all the time, and grow meanwhile.
 */
export interface MessageBuffers {
  /** Puts the pieces of a message together. They may be overwritten afterwards. */
  join(pieces: readonly Buffer[]): Buffer;
  /** Nobody reads `body` any more. One that is not given back is left to the collector. */
  giveBack(body: Buffer): void;
}

/** A small message would waste most of a buffer that is made for a full batch. */
const LARGE_BYTES = LIMITS.batchBytes / 2;
/** As many as are under way or next to be; beyond that a backlog may keep its own. */
const KEPT = 16;

export function openMessageBuffers(): MessageBuffers {
  const ours = new WeakSet<ArrayBufferLike>();
  const free: Buffer[] = [];

  function take(): Buffer {
    const buffer = free.pop() ?? Buffer.allocUnsafeSlow(LIMITS.batchBytes);
    ours.add(buffer.buffer);
    return buffer;
  }

  const isLarge = (size: number) => size >= LARGE_BYTES && size <= LIMITS.batchBytes;

  return {
    join(pieces) {
      const size = pieces.reduce((sum, { length }) => sum + length, 0);
      if (!isLarge(size)) return Buffer.concat(pieces, size);
      const buffer = take();
      let end = 0;
      for (const piece of pieces) end += piece.copy(buffer, end);
      return buffer.subarray(0, size);
    },
    giveBack(body) {
      // Once: two messages in one buffer would be none.
      if (ours.delete(body.buffer) && free.length < KEPT) free.push(Buffer.from(body.buffer));
    },
  };
}
