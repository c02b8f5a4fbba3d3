import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import type { LogChunk } from './log-chunk.ts';

const LF = 0x0a;
/** Less is done at once: it takes less time than to hand it to another thread. */
const SMALL_BYTES = 32 * 1024;
/** A block and the chunk by which it may be longer fit in it: zlib's own 16 KiB would go to another thread and back for each of them. */
const PLAIN_BYTES = 384 * 1024;

type Head = Omit<LogChunk, 'execution_id' | 'body'>;

/**
 * Chunks as one block: for each, a line of JSON that says what it is, and its body, which is JSON without a line feed. Compressed by
 * itself, with a checksum: a block is read without those before it, and one that was damaged is not read at all.
 */
export function encodeBlock(chunks: readonly LogChunk[]): Promise<Buffer> {
  const pieces = chunks.flatMap(({ from, through, content_hash, stored_at_ms, body }) => {
    const head: Head = { from, through, content_hash, stored_at_ms };
    return [Buffer.from(`${JSON.stringify(head)}\n`), body, Buffer.of(LF)];
  });
  const plain = Buffer.concat(pieces);
  const params = { [constants.ZSTD_c_checksumFlag]: 1 };
  return new Promise((resolve, reject) => {
    if (plain.length <= SMALL_BYTES) resolve(zstdCompressSync(plain, { params }));
    else zstdCompress(plain, { params }, (error, block) => (error ? reject(error) : resolve(block)));
  });
}

/** The chunks of a block, in the order they were put into it. Rejects when it is damaged. */
export async function decodeBlock(executionId: string, block: Uint8Array): Promise<LogChunk[]> {
  const text = await new Promise<Buffer>((resolve, reject) => {
    if (block.length <= SMALL_BYTES) resolve(zstdDecompressSync(block));
    else zstdDecompress(block, { chunkSize: PLAIN_BYTES }, (error, plain) => (error ? reject(error) : resolve(plain)));
  });
  const chunks: LogChunk[] = [];
  for (let at = 0; at < text.length;) {
    const headEnd = text.indexOf(LF, at);
    const bodyEnd = text.indexOf(LF, headEnd + 1);
    if (headEnd < 0 || bodyEnd < 0) throw new Error(`a block of the log of ${executionId} ends within a chunk`);
    const head = JSON.parse(text.toString('utf8', at, headEnd)) as Head;
    chunks.push({ execution_id: executionId, ...head, body: text.subarray(headEnd + 1, bodyEnd) });
    at = bodyEnd + 1;
  }
  return chunks;
}
