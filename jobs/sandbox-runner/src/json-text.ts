const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
const HEX = Buffer.from('0123456789abcdef');
const ZERO = HEX[0]!;

/** For each byte what `JSON.stringify` writes behind a backslash, `u` where a number follows; 0 where it writes the byte. */
const ESCAPES = new Uint8Array(256);
for (let byte = 0; byte < 128; byte += 1) {
  const written = JSON.stringify(String.fromCharCode(byte)).slice(1, -1);
  ESCAPES[byte] = written.length > 1 ? written.charCodeAt(1) : 0;
}

/** Writes what stands between the quotes of the JSON of a text in UTF-8, from `at` on, and answers where that ends. */
export function writeJsonText(into: Uint8Array, at: number, text: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i += 1) {
    const byte = text[i]!;
    const escape = ESCAPES[byte]!;
    if (escape === 0) {
      into[at++] = byte;
      continue;
    }
    into[at++] = BACKSLASH;
    into[at++] = escape;
    if (escape !== SMALL_U) continue;
    into[at++] = ZERO;
    into[at++] = ZERO;
    into[at++] = HEX[byte >> 4]!;
    into[at++] = HEX[byte & 15]!;
  }
  return at;
}
