/** Finds where any of many byte strings stand in a stream, in one pass however many they are. */
export interface BytePatterns {
  /** A search of its own over one stream. */
  openSearch(): PatternSearch;
}

export interface PatternSearch {
  /**
   * Reads `bytes` from `from` on and tells of each place that ends there, by its distances to the start of `bytes`: of those that end
   * together only the longest. `begin` is negative where it lies in what was read before.
   */
  read(bytes: Uint8Array, from: number, found: (begin: number, end: number) => void): void;
  /** How many of the last bytes read are the beginning of a pattern that may still be completed. */
  readonly undecided: number;
}

/** Windows longer than this are not worth it: a text has few places where so little fits. */
const LONGEST_WINDOW = 16;
const BLOCK = 3;
const HASHES = 1 << 16;

/**
 * Builds the automaton of Aho and Corasick over `patterns`, none of which is empty. Where nothing is begun, it does not look at each
 * byte: as in the algorithm of Wu and Manber, the last three bytes of a window as long as the shortest pattern say how far no pattern
 * can begin, which for nearly all text is the whole window.
 */
export function buildBytePatterns(patterns: readonly Uint8Array[]): BytePatterns {
  const trie = buildTrie(patterns);
  const { root, byte, child, sibling, back, longest, open } = trie;
  const window = Math.min(LONGEST_WINDOW, ...patterns.map(({ length }) => length));
  const shifts = window < BLOCK ? undefined : shiftTable(patterns, window);

  /** The first place from `at` on where a pattern may begin. */
  function skip(bytes: Uint8Array, at: number): number {
    let here = at;
    if (shifts) {
      for (let last = here + window - 1; last < bytes.length; last = here + window - 1) {
        const shift = shifts[blockHash(bytes[last - 2]!, bytes[last - 1]!, bytes[last]!)]!;
        if (shift === 0) {
          if (root[bytes[here]!] !== 0) return here;
          here += 1;
        } else {
          here += shift;
        }
      }
    }
    while (here < bytes.length && root[bytes[here]!] === 0) here += 1;
    return here;
  }

  function step(state: number, next: number): number {
    let at = state;
    while (at !== 0) {
      let to = child[at]!;
      while (to !== 0 && byte[to] !== next) to = sibling[to]!;
      if (to !== 0) return to;
      at = back[at]!;
    }
    return root[next]!;
  }

  return {
    openSearch() {
      let state = 0;
      return {
        read(bytes, from, found) {
          for (let at = from; at < bytes.length; at += 1) {
            if (state === 0) {
              at = skip(bytes, at);
              if (at >= bytes.length) return;
            }
            state = step(state, bytes[at]!);
            if (longest[state] !== 0) found(at + 1 - longest[state]!, at + 1);
          }
        },
        get undecided() {
          return open[state]!;
        },
      };
    },
  };
}

/**
 * The states as flat tables, because a state in an object of its own would take five times the memory: 0 is the root, and no state's
 * child.
 */
interface Trie {
  /** Where each byte leads from the root; 0 where no pattern begins with it. */
  readonly root: Int32Array;
  readonly byte: Uint8Array;
  /** The first of its children, and the next one of the same parent. */
  readonly child: Int32Array;
  readonly sibling: Int32Array;
  /** The state of the longest end of its text that also begins a pattern. */
  readonly back: Int32Array;
  /** Length of the longest pattern that ends here. */
  readonly longest: Int32Array;
  /** Length of the longest end of its text that is a beginning and can go on. */
  readonly open: Int32Array;
}

function buildTrie(patterns: readonly Uint8Array[]): Trie {
  const most = 1 + patterns.reduce((sum, { length }) => sum + length, 0);
  const root = new Int32Array(256);
  const byte = new Uint8Array(most);
  const [child, sibling, back, longest, open, depth] = Array.from({ length: 6 }, () => new Int32Array(most)) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  let states = 1;

  function grow(parent: number, value: number): number {
    let at = parent === 0 ? root[value]! : child[parent]!;
    if (parent !== 0) while (at !== 0 && byte[at] !== value) at = sibling[at]!;
    if (at !== 0) return at;
    at = states;
    states += 1;
    byte[at] = value;
    depth[at] = depth[parent]! + 1;
    if (parent === 0) {
      root[value] = at;
    } else {
      sibling[at] = child[parent]!;
      child[parent] = at;
    }
    return at;
  }

  for (const pattern of patterns) {
    let at = 0;
    for (const value of pattern) at = grow(at, value);
    longest[at] = pattern.length;
  }

  // By depth, so that what a state falls back to is finished before it.
  const order = new Int32Array(states);
  let ordered = 0;
  for (const at of root) if (at !== 0) order[ordered++] = at;
  for (let i = 0; i < ordered; i += 1) {
    const parent = order[i]!;
    if (longest[parent] === 0) longest[parent] = longest[back[parent]!]!;
    open[parent] = child[parent] === 0 ? open[back[parent]!]! : depth[parent]!;
    for (let at = child[parent]!; at !== 0; at = sibling[at]!) {
      back[at] = follow(back[parent]!, byte[at]!);
      order[ordered++] = at;
    }
  }
  return { root, byte, child, sibling, back, longest, open };

  function follow(from: number, value: number): number {
    for (let at = from; at !== 0; at = back[at]!) {
      let to = child[at]!;
      while (to !== 0 && byte[to] !== value) to = sibling[to]!;
      if (to !== 0) return to;
    }
    return root[value]!;
  }
}

/** For each block of bytes at a window's end, how far the window may move without passing the beginning of a pattern. */
function shiftTable(patterns: readonly Uint8Array[], window: number): Uint8Array {
  const shifts = new Uint8Array(HASHES).fill(window - BLOCK + 1);
  for (const pattern of patterns) {
    for (let at = BLOCK - 1; at < window; at += 1) {
      const hash = blockHash(pattern[at - 2]!, pattern[at - 1]!, pattern[at]!);
      shifts[hash] = Math.min(shifts[hash]!, window - 1 - at);
    }
  }
  return shifts;
}

/** Two blocks with one hash cost a look, never a place. */
function blockHash(first: number, second: number, third: number): number {
  return ((first << 10) ^ (second << 5) ^ third) & (HASHES - 1);
}
