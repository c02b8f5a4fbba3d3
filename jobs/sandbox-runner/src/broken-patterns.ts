import type { BytePatterns, PatternSearch } from './byte-patterns.ts';
import type { BrokenEncoding } from './broken-encodings.ts';
import { openBrokenSkip } from './broken-skip.ts';
import { HEAD_BYTES, openLongPatterns } from './long-patterns.ts';
import { buildPatternTrie } from './pattern-trie.ts';

/** Whatever stands between two digits may be so long: an indentation, not a page of blanks that would be held back. */
const LONGEST_GAP = 64;
/** Places of the last digits; more than a pattern in the automaton has. */
const REMEMBERED = 2 * HEAD_BYTES;

/**
 * Finds `patterns`, written in the digits of `encoding`, also where other bytes stand between their digits, such as the line breaks of
 * `base64` and the blanks of a dump: these are passed over, and stay part of the place. A pattern has to have begun with as many
 * digits as the encoding asks for in front of them.
 */
export function buildBrokenPatterns(patterns: readonly string[], encoding: BrokenEncoding): BytePatterns {
  const { digits, gaps, hasEscapes } = encoding;
  const folded = patterns.map((pattern) => Uint8Array.from(Buffer.from(pattern), (byte) => digits[byte]!));
  const trie = buildPatternTrie(folded.map((pattern) => pattern.subarray(0, HEAD_BYTES)));
  const { depth, longest, open, step } = trie;
  const long = openLongPatterns(folded, trie.stateOf);

  const skip = openBrokenSkip(folded, encoding);

  return { openSearch };

  function openSearch(): PatternSearch {
    const following = long.openFollowing();
    const placeOf = new Float64Array(REMEMBERED);
    /** Digits read, and places in the whole stream: of the first byte of `bytes`, and behind the last digit that was followed. */
    let count = 0;
    let base = 0;
    let followedTo = 0;
    let state = 0;
    let gap = 0;
    let isEscaped = false;
    let undecided = 0;

    /** Whether the byte stands between digits that belong together. */
    function isPassed(byte: number): boolean {
      const isBreak = isEscaped && (byte === LETTER_N || byte === LETTER_R);
      const asked = isBreak ? gaps[LINE_FEED]! : gaps[byte]!;
      isEscaped = hasEscapes && byte === BACKSLASH;
      gap += 1;
      return asked !== 0 && gap <= LONGEST_GAP && (depth[state]! >= asked || following.active);
    }

    function readDigit(digit: number, at: number, found: (begin: number, end: number) => void): void {
      gap = 0;
      placeOf[count % REMEMBERED] = base + at;
      count += 1;
      state = step(state, digit);
      const length = longest[state]!;
      if (length !== 0) found(placeOf[(count - length) % REMEMBERED]! - base, at + 1);
      if (!long.any) return;
      if (following.active && following.read(digit)) {
        found(followedTo - 1 - base, at + 1);
        followedTo = base + at + 1;
      }
      if (length === HEAD_BYTES) {
        following.begin(state);
        followedTo = base + at + 1;
      }
    }

    return {
      read(bytes, from, found) {
        base -= from;
        const end = bytes.length;
        for (let at = from; at < end; at += 1) {
          if (state === 0 && !following.active) {
            isEscaped = false;
            at = skip(bytes, at);
            if (at >= end) break;
          }
          const byte = bytes[at]!;
          const digit = digits[byte]!;
          if (digit !== 0 && !(isEscaped && (byte === LETTER_N || byte === LETTER_R))) {
            isEscaped = false;
            readDigit(digit, at, found);
          } else if (!isPassed(byte)) {
            state = 0;
            following.end();
          }
        }
        undecided = 0;
        if (open[state] !== 0) undecided = base + end - placeOf[(count - open[state]!) % REMEMBERED]!;
        if (following.active) undecided = Math.max(undecided, base + end - followedTo);
        base += end;
      },
      get undecided() {
        return undecided;
      },
    };
  }
}

const [LINE_FEED, BACKSLASH, LETTER_N, LETTER_R] = [0x0a, 0x5c, 0x6e, 0x72];
