import { LIMITS } from '@runvoy/protocol';

/**
 * Where messages stand as bytes while they wait. What holds a large one is used again: memory outside of the heap that comes and goes
 * with every batch has the collector go through the whole heap all the time, and grow meanwhile.
 */
export interface MessageBuffers {
  encode(text: string): Buffer;
  copy(message: Buffer): Buffer;
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
    encode(text) {
      if (!isLarge(Buffer.byteLength(text))) return Buffer.from(text);
      const buffer = take();
      return buffer.subarray(0, buffer.write(text));
    },
    copy(message) {
      if (!isLarge(message.length)) return Buffer.from(message);
      const buffer = take();
      return buffer.subarray(0, message.copy(buffer));
    },
    giveBack(body) {
      // Once: two messages in one buffer would be none.
      if (ours.delete(body.buffer) && free.length < KEPT) free.push(Buffer.from(body.buffer));
    },
  };
}
