/**
 * The automaton of Aho and Corasick over byte strings, as flat tables, because a state in an object of its own would take five times
 * the memory: 0 is the root, and no state's child.
 */
export interface PatternTrie {
  /** Where each byte leads from the root; 0 where no pattern begins with it. */
  readonly root: Int32Array;
  readonly depth: Int32Array;
  /** Length of the longest pattern that ends here. */
  readonly longest: Int32Array;
  /** Length of the longest end of its text that is a beginning and can go on. */
  readonly open: Int32Array;
  /** The state behind `next`. */
  readonly step: (state: number, next: number) => number;
  /** The state of a text that begins a pattern. */
  readonly stateOf: (text: Uint8Array) => number;
}

/** Builds it over `patterns`, none of which is empty. */
export function buildPatternTrie(patterns: readonly Uint8Array[]): PatternTrie {
  const sorted = patterns.toSorted((a, b) => Buffer.compare(a, b));
  const size = 1 + sorted.reduce((sum, pattern, i) => sum + pattern.length - shared(sorted[i - 1], pattern), 0);
  const root = new Int32Array(256);
  const byte = new Uint8Array(size);
  const table = () => new Int32Array(size);
  /** The first of its children, and the next one of the same parent. */
  const [child, sibling] = [table(), table()];
  /** The state of the longest end of its text that also begins a pattern. */
  const back = table();
  const [longest, open, depth] = [table(), table(), table()];
  let states = 1;

  function childOf(state: number, value: number): number {
    if (state === 0) return root[value]!;
    let at = child[state]!;
    while (at !== 0 && byte[at] !== value) at = sibling[at]!;
    return at;
  }

  function grow(parent: number, value: number): number {
    const known = childOf(parent, value);
    if (known !== 0) return known;
    const at = states;
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

  function step(state: number, next: number): number {
    for (let at = state; at !== 0; at = back[at]!) {
      let to = child[at]!;
      while (to !== 0 && byte[to] !== next) to = sibling[to]!;
      if (to !== 0) return to;
    }
    return root[next]!;
  }

  for (const pattern of sorted) longest[pattern.reduce(grow, 0)] = pattern.length;

  // By depth, so that what a state falls back to is finished before it.
  const order = new Int32Array(size);
  let ordered = 0;
  for (const at of root) if (at !== 0) order[ordered++] = at;
  for (let i = 0; i < ordered; i += 1) {
    const parent = order[i]!;
    if (longest[parent] === 0) longest[parent] = longest[back[parent]!]!;
    open[parent] = child[parent] === 0 ? open[back[parent]!]! : depth[parent]!;
    for (let at = child[parent]!; at !== 0; at = sibling[at]!) {
      back[at] = step(back[parent]!, byte[at]!);
      order[ordered++] = at;
    }
  }
  return { root, depth, longest, open, step, stateOf: (text) => text.reduce(childOf, 0) };
}

/** How many bytes two strings begin with alike. */
function shared(one: Uint8Array | undefined, other: Uint8Array): number {
  let at = 0;
  if (one) while (at < one.length && at < other.length && one[at] === other[at]) at += 1;
  return at;
}
