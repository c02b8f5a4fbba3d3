/** How bytes are written as digits, and what may stand between these. */
export interface BrokenEncoding {
  /** For each byte the digit that it is, the same for all spellings of one; 0 for what is none. */
  readonly digits: Uint8Array;
  /** For each byte that may stand between digits, how many, and two at least, must be in front of it; 0 for what ends a text. */
  readonly gaps: Uint8Array;
  /** Whether `\n` and `\r`, written as two characters, are line breaks too. */
  readonly hasEscapes: boolean;
}

/**
 * Base64 of both alphabets. Lines are broken by `base64` at 76 and in PEM at 64, by any option elsewhere; a YAML block is indented,
 * and `echo $(base64 file)` makes blanks of the breaks. Three digits must be in front of one: fewer would hold back, until the next
 * comes, every line that happens to end with the one or two with which a secret begins.
 */
export const BASE64: BrokenEncoding = {
  digits: digitsOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=', { '-': '+', _: '/' }),
  gaps: gapsOf({ '\n\r \t\\': 3 }),
  hasEscapes: true,
};

/**
 * Hex in either case: in one piece, or with something between the bytes as dumps and programs write it (`68 65`, `68:65`, `68-65`,
 * `%68%65`, `\x68\x65`, `0x68, 0x65`). A line break needs a digit more in front of it, for the same reason.
 */
export const HEX: BrokenEncoding = {
  digits: digitsOf('0123456789abcdef', { A: 'a', B: 'b', C: 'c', D: 'd', E: 'e', F: 'f' }),
  gaps: gapsOf({ ' \t:-,%\\xX': 2, '\n\r': 3 }),
  hasEscapes: false,
};

function digitsOf(alphabet: string, alike: Readonly<Record<string, string>>): Uint8Array {
  const digits = new Uint8Array(256);
  for (const digit of alphabet) digits[digit.charCodeAt(0)] = digit.charCodeAt(0);
  for (const [spelling, digit] of Object.entries(alike)) digits[spelling.charCodeAt(0)] = digit.charCodeAt(0);
  return digits;
}

function gapsOf(asked: Readonly<Record<string, number>>): Uint8Array {
  const gaps = new Uint8Array(256);
  for (const [bytes, digits] of Object.entries(asked)) Buffer.from(bytes).forEach((byte) => (gaps[byte] = digits));
  return gaps;
}
