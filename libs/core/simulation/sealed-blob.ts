import { zstdDecompressSync } from 'node:zlib';
import type { LogSegment } from '../src/logs/log-segment.ts';

/** A chunk as it lies in a blob. */
export interface SealedChunk {
  readonly from: number;
  readonly through: number;
  readonly content_hash: string;
  readonly body: string;
}

/**
 * What a blob holds, block by block, where the record of its segment says the blocks are: read from the form that is written down
 * (docs/logs.md), with nothing of the code that seals. Undefined when a block cannot be read.
 */
export function blocksOf(blob: Uint8Array, { blocks }: Pick<LogSegment, 'blocks'>): SealedChunk[][] | undefined {
  try {
    return blocks.map(({ offset, length }) => chunksIn(zstdDecompressSync(blob.subarray(offset, offset + length))));
  } catch {
    return undefined;
  }
}

/** Two rows for each chunk: what it is, and its lines. */
function chunksIn(plain: Buffer): SealedChunk[] {
  const rows = plain.toString().split('\n');
  const chunks: SealedChunk[] = [];
  for (let at = 0; at + 1 < rows.length; at += 2) {
    const head = JSON.parse(rows[at]!) as Omit<SealedChunk, 'body'>;
    chunks.push({ from: head.from, through: head.through, content_hash: head.content_hash, body: rows[at + 1]! });
  }
  return chunks;
}
