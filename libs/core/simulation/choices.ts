/**
 * Everything a history leaves to chance, drawn from one seed. Each choice has a name and is drawn from the seed and that name alone,
 * so leaving one out does not change the others: that is what makes a failing history shrink well.
 *
 * Every choice has a plain outcome, in which nothing strange happens. Those that came out otherwise are remembered; with `kept`
 * only the named ones may.
 */
export class Choices {
  readonly seed: number;
  readonly #kept: ReadonlySet<string> | undefined;
  readonly #strange = new Set<string>();

  constructor(seed: number, kept?: ReadonlySet<string>) {
    this.seed = seed;
    this.#kept = kept;
  }

  /** The names of choices that did not come out plain, in the order they were made. */
  get strange(): readonly string[] {
    return [...this.#strange];
  }

  /** True in `rate` of all cases; plainly it does not happen. */
  happens(name: string, rate: number): boolean {
    return rate > 0 && draw(this.seed, name) < rate && this.#mayBeStrange(name);
  }

  /** One of `options`; the first is the plain one. */
  pick<T>(name: string, options: readonly [T, ...T[]]): T {
    const index = Math.floor(draw(this.seed, name) * options.length);
    if (index === 0 || !this.#mayBeStrange(name)) return options[0];
    return options[index] as T;
  }

  /** A whole number from `from` to `to`; plainly `plain`. */
  whole(name: string, plain: number, from: number, to: number): number {
    const value = from + Math.floor(draw(this.seed, name) * (to - from + 1));
    return value === plain || !this.#mayBeStrange(name) ? plain : value;
  }

  /** 32 bits that belong to the name and never count as strange: for ids and tokens. */
  bits(name: string): number {
    return mix(this.seed, name);
  }

  #mayBeStrange(name: string): boolean {
    if (this.#kept && !this.#kept.has(name)) return false;
    this.#strange.add(name);
    return true;
  }
}

/** A number in [0, 1) that belongs to the seed and the name. */
export function draw(seed: number, name: string): number {
  return mix(seed, name) / 0x1_0000_0000;
}

/** FNV-1a over the name, started from the seed, then the finaliser of MurmurHash3: enough to make neighbours unlike each other. */
function mix(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1)) >>> 0;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
