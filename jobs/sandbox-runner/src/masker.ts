/** What is written in place of a secret value. */
export const MASK = '***';

/** Shorter values are in every text: masking them would destroy the log and protect nothing. */
export const SHORTEST_MASKED = 4;

/** Masks one stream of bytes. Bytes that may be the beginning of a secret are held back until the next ones decide. */
export interface Masker {
  push(bytes: Buffer): Buffer;
  /** What was held back: the stream has ended, so it was no secret. */
  end(): Buffer;
}

/** The secret values of one run. */
export interface SecretMask {
  /** One masker per stream, so that two streams cannot complete each other's values. */
  openStream(): Masker;
  maskText(text: string): string;
  /** How many masks were written so far, over all streams. */
  readonly maskings: number;
  /** Names whose values are too short to be masked. */
  readonly unmasked: readonly string[];
}

interface Pattern {
  readonly bytes: Buffer;
  /** Knuth, Morris and Pratt's table: how much of the value still matches after a mismatch. */
  readonly fallback: Int32Array;
}

/**
 * Masks the plain values of `secrets`. It guards against accidents: a command can always write a value in another form.
 * Line feeds at the ends of a value do not count, because shells drop them when they print it.
 */
export function openSecretMask(secrets: Readonly<Record<string, string>>): SecretMask {
  const values = new Set<string>();
  const unmasked: string[] = [];
  for (const [name, secret] of Object.entries(secrets)) {
    const value = secret.replace(/^[\r\n]+|[\r\n]+$/g, '');
    if (value.length >= SHORTEST_MASKED) values.add(value);
    else if (value.length > 0) unmasked.push(name);
  }
  const patterns = [...values].map((value) => pattern(Buffer.from(value)));
  const mask = Buffer.from(MASK);
  let maskings = 0;

  function openStream(): Masker {
    let held = Buffer.alloc(0);
    /** How many of the held bytes belong to a value whose mask is written already. */
    let covered = 0;

    function write(all: Buffer, hold: number): Buffer {
      const boundary = all.length - hold;
      const out: Buffer[] = [];
      let at = 0;
      // A read may be so short that all of it is held: then what was covered stays so.
      let stillCovered = Math.max(0, covered - boundary);
      for (const place of places(all, patterns, covered)) {
        if (place.start >= boundary) break;
        out.push(all.subarray(at, place.start));
        if (!place.written) {
          out.push(mask);
          maskings += 1;
        }
        at = Math.min(place.end, boundary);
        stillCovered = place.end - at;
      }
      out.push(all.subarray(at, boundary));
      held = Buffer.from(all.subarray(boundary));
      covered = stillCovered;
      return out.length === 1 ? out[0]! : Buffer.concat(out);
    }

    return {
      push(bytes) {
        if (patterns.length === 0) return bytes;
        const all = held.length > 0 ? Buffer.concat([held, bytes]) : bytes;
        return write(all, longestBeginning(all, patterns));
      },
      end: () => write(held, 0),
    };
  }

  return {
    openStream,
    maskText(text) {
      if (patterns.length === 0) return text;
      const stream = openStream();
      return Buffer.concat([stream.push(Buffer.from(text)), stream.end()]).toString('utf8');
    },
    get maskings() {
      return maskings;
    },
    unmasked,
  };
}

function pattern(bytes: Buffer): Pattern {
  const fallback = new Int32Array(bytes.length);
  for (let i = 1, matched = 0; i < bytes.length; i += 1) {
    while (matched > 0 && bytes[i] !== bytes[matched]) matched = fallback[matched - 1]!;
    if (bytes[i] === bytes[matched]) matched += 1;
    fallback[i] = matched;
  }
  return { bytes, fallback };
}

interface Place {
  start: number;
  end: number;
  /** Its mask was written before, when its beginning was read. */
  written: boolean;
}

/** Where values stand, in order; those that overlap are one place. */
function places(all: Buffer, patterns: readonly Pattern[], covered: number): Place[] {
  const found: Place[] = covered > 0 ? [{ start: 0, end: covered, written: true }] : [];
  for (const { bytes } of patterns) {
    for (let at = all.indexOf(bytes); at >= 0; at = all.indexOf(bytes, at + 1)) {
      found.push({ start: at, end: at + bytes.length, written: false });
    }
  }
  if (found.length < 2) return found;
  found.sort((a, b) => a.start - b.start || Number(b.written) - Number(a.written));
  const merged: Place[] = [];
  for (const next of found) {
    const last = merged.at(-1);
    if (last && next.start < last.end) last.end = Math.max(last.end, next.end);
    else merged.push(next);
  }
  return merged;
}

/** How many of the last bytes are the beginning of some value, without being all of it. */
function longestBeginning(all: Buffer, patterns: readonly Pattern[]): number {
  let longest = 0;
  for (const { bytes, fallback } of patterns) {
    let matched = 0;
    for (let i = Math.max(0, all.length - bytes.length + 1); i < all.length; i += 1) {
      while (matched > 0 && all[i] !== bytes[matched]) matched = fallback[matched - 1]!;
      if (all[i] === bytes[matched]) matched += 1;
    }
    longest = Math.max(longest, matched);
  }
  return longest;
}
