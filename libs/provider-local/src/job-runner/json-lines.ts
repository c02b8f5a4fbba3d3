/**
 * The lines of a stream, cut at LF alone. `node:readline` also cuts at U+2028, which JSON leaves as it is.
 * A last line without its line feed is given too; its reader finds out whether it is whole.
 */
export async function* jsonLines(input: AsyncIterable<Buffer>): AsyncIterable<string> {
  let pending: Buffer[] = [];
  for await (const piece of input) {
    let start = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, start)) {
      yield Buffer.concat([...pending, piece.subarray(start, end)]).toString('utf8');
      pending = [];
      start = end + 1;
    }
    if (start < piece.length) pending.push(piece.subarray(start));
  }
  if (pending.length > 0) yield Buffer.concat(pending).toString('utf8');
}
