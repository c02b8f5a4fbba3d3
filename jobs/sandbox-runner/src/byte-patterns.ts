import { HEAD_BYTES, openLongPatterns } from './long-patterns.ts';
import { buildPatternTrie } from './pattern-trie.ts';

/** Finds where any of many byte strings stand in a stream, in one pass however many they are. */
export interface BytePatterns {
  /** A search of its own over one stream. */
  openSearch(): PatternSearch;
}

export interface PatternSearch {
  /**
   * Reads `bytes` from `from` on and tells of each place that ends there, by its distances to the start of `bytes`: of those that end
   * together only the longest, and each end of a long one as a place that overlaps the one before. `begin` is negative where it lies
   * in what was read before.
   */
  read(bytes: Uint8Array, from: number, found: (begin: number, end: number) => void): void;
  /** How many of the last bytes read are the beginning of a pattern that may still be completed. */
  readonly undecided: number;
}

/** Windows longer than this are not worth it: a text has few places where so little fits. */
const LONGEST_WINDOW = 32;
const HASHES = 1 << 16;

/**
 * Finds `patterns`, none of which is empty, as they are; of one longer than `HEAD_BYTES` its beginning counts as far as it goes.
 * Where nothing is begun, it does not look at each byte: as in the algorithm of Wu and Manber, the last bytes of a window as long as
 * the shortest pattern say how far no pattern can begin, which for nearly all text is the whole window.
 */
export function buildBytePatterns(patterns: readonly Uint8Array[]): BytePatterns {
  const heads = patterns.map((pattern) => pattern.subarray(0, HEAD_BYTES));
  const trie = buildPatternTrie(heads);
  const { root, longest, open, step } = trie;
  const long = openLongPatterns(patterns, trie.stateOf);
  const window = Math.min(LONGEST_WINDOW, ...heads.map(({ length }) => length));
  const skip = window < 2 ? skipByByte : window < 8 ? skipByPairs(heads, window) : skipByTriples(heads, window);

  /** The first place from `at` on where a pattern may begin. */
  function skipByByte(bytes: Uint8Array, at: number): number {
    let here = at;
    while (here < bytes.length && root[bytes[here]!] === 0) here += 1;
    return here;
  }

  // In both the usual shift is a constant, so that the processor need not wait for one to look at the next place.
  function skipByPairs(of: readonly Uint8Array[], length: number) {
    const shifts = shiftTable(of, length, 2);
    const most = length - 1;
    return (bytes: Uint8Array, at: number): number => {
      const end = bytes.length;
      let last = at + length - 1;
      for (;;) {
        // Three places at a time, which the processor looks at together.
        while (
          last + 2 * most < end &&
          shifts[pairAt(bytes, last)] === most &&
          shifts[pairAt(bytes, last + most)] === most &&
          shifts[pairAt(bytes, last + 2 * most)] === most
        ) {
          last += 3 * most;
        }
        if (last >= end) break;
        const shift = shifts[pairAt(bytes, last)]!;
        if (shift !== 0) {
          last += shift;
        } else {
          if (root[bytes[last - length + 1]!] !== 0) return last - length + 1;
          last += 1;
        }
      }
      return skipByByte(bytes, last - length + 1);
    };
  }

  function skipByTriples(of: readonly Uint8Array[], length: number) {
    const shifts = shiftTable(of, length, 3);
    const most = length - 2;
    return (bytes: Uint8Array, at: number): number => {
      let last = at + length - 1;
      while (last < bytes.length) {
        const shift = shifts[blockHash(bytes[last - 2]!, bytes[last - 1]!, bytes[last]!)]!;
        if (shift === most) {
          last += most;
        } else if (shift !== 0) {
          last += shift;
        } else {
          if (root[bytes[last - length + 1]!] !== 0) return last - length + 1;
          last += 1;
        }
      }
      return skipByByte(bytes, last - length + 1);
    };
  }

  return {
    openSearch() {
      let state = 0;
      const following = long.openFollowing();
      return {
        read(bytes, from, found) {
          for (let at = from; at < bytes.length; at += 1) {
            if (state === 0 && !(long.any && following.active)) {
              at = skip(bytes, at);
              if (at >= bytes.length) return;
            }
            state = step(state, bytes[at]!);
            if (longest[state] !== 0) found(at + 1 - longest[state]!, at + 1);
            if (!long.any) continue;
            if (following.active && following.read(bytes[at]!)) found(at - 1, at + 1);
            if (longest[state] === HEAD_BYTES) following.begin(state);
          }
        },
        get undecided() {
          return open[state]!;
        },
      };
    },
  };
}

/** For each block of bytes at a window's end, how far the window may move without passing the beginning of a pattern. */
function shiftTable(patterns: readonly Uint8Array[], window: number, block: 2 | 3): Uint8Array {
  const shifts = new Uint8Array(HASHES).fill(window - block + 1);
  for (const pattern of patterns) {
    for (let at = block - 1; at < window; at += 1) {
      const hash =
        block === 2
          ? (pattern[at - 1]! << 8) | pattern[at]!
          : blockHash(pattern[at - 2]!, pattern[at - 1]!, pattern[at]!);
      shifts[hash] = Math.min(shifts[hash]!, window - 1 - at);
    }
  }
  return shifts;
}

/** The two bytes of which `last` is the second. */
function pairAt(bytes: Uint8Array, last: number): number {
  return (bytes[last - 1]! << 8) | bytes[last]!;
}

/** Two blocks with one hash cost a look, never a place. */
function blockHash(first: number, second: number, third: number): number {
  return ((first << 10) ^ (second << 5) ^ third) & (HASHES - 1);
}
