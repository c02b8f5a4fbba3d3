const LINE_FEED = 10;

/**
 * The lines of a stream of JSON, one value a line, cut at LF alone. `node:readline` also cuts at U+2028 and U+2029, which JSON leaves as they
 * are. A last line without its line feed is given too; its reader finds out whether it is whole. Rejects as `input` does.
 */
export async function* jsonLines(input: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let isBegun = false;
  let line = '';
  for await (const piece of input) {
    let start = 0;
    for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, start)) {
      yield line + decoder.decode(piece.subarray(start, end));
      line = '';
      isBegun = false;
      start = end + 1;
    }
    if (start === piece.length) continue;
    line += decoder.decode(piece.subarray(start), { stream: true });
    isBegun = true;
  }
  if (isBegun) yield line + decoder.decode();
}
