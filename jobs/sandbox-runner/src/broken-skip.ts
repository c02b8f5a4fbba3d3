import type { BrokenEncoding } from './broken-encodings.ts';

/** The first place from `at` on where a pattern may begin. */
export type Skip = (bytes: Uint8Array, at: number) => number;

const LONGEST_WINDOW = 32;
const HASHES = 1 << 16;
const GAP = 1;

/**
 * Passes over what cannot be a pattern in digits of `encoding`, whatever stands between these. No pattern is shorter than a window.
 * When the last three bytes of one are nothing that stands in the first digits of a pattern, with or without gaps, none begins in
 * front of them.
 */
export function openBrokenSkip(patterns: readonly Uint8Array[], encoding: BrokenEncoding): Skip {
  const window = Math.min(LONGEST_WINDOW, ...patterns.map(({ length }) => length));
  const inside = blocksOf(patterns, window, encoding.hasEscapes ? [GAP, ...Buffer.from('nr')] : [GAP]);
  const codes = encoding.digits.map((digit, byte) => digit || (encoding.gaps[byte] === 0 ? 0 : GAP));
  const begins = new Uint8Array(1 << 14);
  for (const [first, second] of patterns) begins[(first! << 7) | second!] = 1;
  return (bytes, at) => {
    const end = bytes.length;
    let last = at + window - 1;
    while (last < end) {
      if (inside[blockHash(codes[bytes[last - 2]!]!, codes[bytes[last - 1]!]!, codes[bytes[last]!]!)] === 0) {
        last += window - 2;
      } else {
        const here = last - window + 1;
        // Two digits at least are in front of the first gap.
        if (begins[(codes[bytes[here]!]! << 7) | codes[bytes[here + 1]!]!] !== 0) return here;
        last += 1;
      }
    }
    let here = last - window + 1;
    for (; here + 1 < end; here += 1) {
      if (begins[(codes[bytes[here]!]! << 7) | codes[bytes[here + 1]!]!] !== 0) break;
    }
    return here;
  };
}

/** Of each pattern all blocks of three that can stand in its first bytes, with any of `gaps` between its digits. */
function blocksOf(patterns: readonly Uint8Array[], window: number, gaps: readonly number[]): Uint8Array {
  const blocks = new Uint8Array(HASHES);
  const add = (first: number, second: number, third: number) => (blocks[blockHash(first, second, third)] = 1);
  for (const pattern of patterns) {
    for (let at = 0; at < window; at += 1) {
      const [one, two, three] = [pattern[at]!, pattern[at + 1]!, pattern[at + 2]!];
      if (at + 2 < window) add(one, two, three);
      for (const gap of gaps) {
        if (at + 1 < window) {
          add(gap, one, two);
          add(one, gap, two);
          add(one, two, gap);
        }
        for (const other of gaps) {
          add(gap, other, one);
          add(gap, one, other);
          add(one, gap, other);
        }
      }
    }
  }
  for (const one of gaps) for (const two of gaps) for (const three of gaps) add(one, two, three);
  return blocks;
}

/** Two blocks with one hash cost a look, never a place. */
function blockHash(first: number, second: number, third: number): number {
  return ((first << 10) ^ (second << 5) ^ third) & (HASHES - 1);
}
