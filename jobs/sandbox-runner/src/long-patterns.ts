/** Of a longer pattern only so much is a state of the automaton for each byte. */
export const HEAD_BYTES = 64;

/** Patterns too long for the automaton: known by their first bytes, and followed from there on for as long as a stream goes on like one. */
export interface LongPatterns {
  /** Whether any is. */
  readonly any: boolean;
  openFollowing(): Following;
}

/** Those that a stream is in the middle of. */
export interface Following {
  readonly active: boolean;
  /** The head of these has ended here; the byte behind it is the next to be read. */
  begin(state: number): void;
  /** Whether `value` goes on with one of them: what begins like a pattern is covered as far as it is like it. */
  read(value: number): boolean;
  /** The stream does not go on like any. */
  end(): void;
}

interface LongPattern {
  readonly text: Uint8Array;
  /** As Knuth, Morris and Pratt: for each length, the longest beginning that also ends there. Made when first needed. */
  borders?: Int32Array;
}

/** `stateOf` tells where the head of a pattern ends. */
export function openLongPatterns(patterns: readonly Uint8Array[], stateOf: (head: Uint8Array) => number): LongPatterns {
  const byHead = new Map<number, LongPattern[]>();
  for (const text of patterns) {
    if (text.length <= HEAD_BYTES) continue;
    const state = stateOf(text.subarray(0, HEAD_BYTES));
    byHead.set(state, [...(byHead.get(state) ?? []), { text }]);
  }
  return {
    any: byHead.size > 0,
    openFollowing() {
      const followed = new Map<LongPattern, number>();
      return {
        get active() {
          return followed.size > 0;
        },
        begin(state) {
          for (const pattern of byHead.get(state) ?? []) {
            if (!followed.has(pattern)) followed.set(pattern, HEAD_BYTES);
          }
        },
        read(value) {
          let isIn = false;
          for (const [pattern, length] of followed) {
            const now = follow(pattern, length, value);
            if (now < HEAD_BYTES) followed.delete(pattern);
            else followed.set(pattern, now);
            isIn ||= now >= HEAD_BYTES;
          }
          return isIn;
        },
        end: () => followed.clear(),
      };
    },
  };
}

/** The length of the longest beginning of the pattern that the stream ends with now. */
function follow(pattern: LongPattern, length: number, value: number): number {
  const { text } = pattern;
  const borders = (pattern.borders ??= bordersOf(text));
  let at = length;
  while (at > 0 && text[at] !== value) at = borders[at - 1]!;
  return text[at] === value ? at + 1 : 0;
}

function bordersOf(text: Uint8Array): Int32Array {
  const borders = new Int32Array(text.length);
  for (let at = 1, length = 0; at < text.length; at += 1) {
    while (length > 0 && text[length] !== text[at]) length = borders[length - 1]!;
    if (text[length] === text[at]) length += 1;
    borders[at] = length;
  }
  return borders;
}
