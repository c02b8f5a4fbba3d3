/** How many bytes more than itself JSON takes for a byte of a text in UTF-8, as `JSON.stringify` writes it. */
const MORE = new Uint8Array(256);
/** What it writes in its place. */
const ESCAPES: (Buffer | undefined)[] = [];
for (let byte = 0; byte < 128; byte += 1) {
  const written = Buffer.from(JSON.stringify(String.fromCharCode(byte)).slice(1, -1));
  MORE[byte] = written.length - 1;
  ESCAPES[byte] = written.length > 1 ? written : undefined;
}

/** How many bytes the text between `start` and `end`, in UTF-8, takes between the quotes of its JSON. */
export function jsonTextSize(text: Uint8Array, start: number, end: number): number {
  let size = end - start;
  for (let i = start; i < end; i += 1) size += MORE[text[i]!]!;
  return size;
}

/** Writes what stands between the quotes of its JSON, from `at` on. */
export function writeJsonText(into: Buffer, at: number, text: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i += 1) {
    const byte = text[i]!;
    const escape = ESCAPES[byte];
    if (escape === undefined) into[at++] = byte;
    else for (let k = 0; k < escape.length; k += 1) into[at++] = escape[k]!;
  }
}
