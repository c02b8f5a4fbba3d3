import type { Readable } from 'node:stream';

const LINE_FEED = 0x0a;

/** Calls `line` for each line of UTF-8. Only a line feed ends one; the last may have none. */
export function readLines(output: Readable, line: (text: string) => void): void {
  let begun: Buffer[] = [];
  output.on('data', (piece: Buffer) => {
    let from = 0;
    for (let at = piece.indexOf(LINE_FEED); at >= 0; at = piece.indexOf(LINE_FEED, from)) {
      line(Buffer.concat([...begun, piece.subarray(from, at)]).toString());
      begun = [];
      from = at + 1;
    }
    if (from < piece.length) begun.push(piece.subarray(from));
  });
  output.on('end', () => {
    if (begun.length > 0) line(Buffer.concat(begun).toString());
  });
}
