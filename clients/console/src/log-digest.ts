import { digestRow, type LogLine } from '@runvoy/protocol';

const LINES_PER_PIECE = 2_000;

/** SHA-256 over the digest rows of `lines`, hex: comparable with the end record's. */
export async function digestOf(lines: readonly LogLine[], subtle: SubtleCrypto): Promise<string> {
  const encoder = new TextEncoder();
  const pieces: Uint8Array[] = [];
  for (let from = 0; from < lines.length; from += LINES_PER_PIECE) {
    let rows = '';
    for (const line of lines.slice(from, from + LINES_PER_PIECE)) rows += digestRow(line);
    pieces.push(encoder.encode(rows));
  }
  const whole = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  const hash = new Uint8Array(await subtle.digest('SHA-256', whole));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
