import type { LogSegment } from './log-segment.ts';

/** What a blob says of itself: everything of its record but what the blob cannot know. */
export type SegmentIndex = Pick<LogSegment, 'from' | 'through' | 'chunks' | 'bytes' | 'blocks'>;

/** A frame that readers of zstd pass over (RFC 8878, 3.1.2), so that `zstd -dc` prints the chunks of a blob and nothing else. */
const SKIPPABLE = 0x184d2a50;
const WORD = 4;

/** The index as the end of a blob: a frame whose last word is its own length. */
export function encodeIndex(index: SegmentIndex): Buffer {
  const json = Buffer.from(JSON.stringify(index));
  const frame = Buffer.alloc(3 * WORD + json.length);
  frame.writeUInt32LE(SKIPPABLE, 0);
  frame.writeUInt32LE(json.length + WORD, WORD);
  json.copy(frame, 2 * WORD);
  frame.writeUInt32LE(frame.length, frame.length - WORD);
  return frame;
}

/** Reads the index from a whole blob. Throws when it has none. */
export function decodeIndex(blob: Buffer): SegmentIndex {
  const length = blob.length < 3 * WORD ? 0 : blob.readUInt32LE(blob.length - WORD);
  const start = blob.length - length;
  if (length < 3 * WORD || start < 0 || blob.readUInt32LE(start) !== SKIPPABLE) throw new Error('no index at its end');
  return JSON.parse(blob.toString('utf8', start + 2 * WORD, blob.length - WORD)) as SegmentIndex;
}
