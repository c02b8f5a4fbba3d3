import { digestRow } from '@runvoy/protocol';
import { linesOf, type LogChunk } from './log-chunk.ts';
import { writeRows } from './line-rows.ts';

/**
 * What the SHA-256 of an end record runs over, of the lines of a chunk, in UTF-8. The next rows that are written overwrite it.
 * A body in the form in which runners write it is not parsed: a quarter of the work.
 */
export function digestRows(chunk: Pick<LogChunk, 'from' | 'body'>): Uint8Array {
  return rowsOfBytes(chunk) ?? Buffer.from(linesOf(chunk).map(digestRow).join(''));
}

function rowsOfBytes({ from, body }: Pick<LogChunk, 'from' | 'body'>): Uint8Array | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const text = bytes.toString('latin1');
  if (!text.startsWith('[')) return undefined;
  const lines = writeRows(bytes, text, { start: 1, from, form: 'digest' });
  return lines && lines.end === bytes.length - 1 && text.endsWith(']') ? lines.rows : undefined;
}
