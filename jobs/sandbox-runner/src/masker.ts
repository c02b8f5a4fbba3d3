import { type BytePatterns, buildBytePatterns } from './byte-patterns.ts';
import { secretForms } from './secret-forms.ts';

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

/** Where forms of secrets stand in what is held and read; those that overlap are one place. */
interface Place {
  begin: number;
  end: number;
  /** Its mask was written when its beginning was. */
  written: boolean;
}

const NOTHING = Buffer.alloc(0);

/**
 * Masks the values of `secrets` in every form that `secretForms` knows. It guards against accidents: a command can always write a
 * value in another one.
 */
export function openSecretMask(secrets: Readonly<Record<string, string>>): SecretMask {
  const forms = new Map<string, Buffer>();
  const unmasked: string[] = [];
  for (const [name, value] of Object.entries(secrets)) {
    const length = value.trim().length;
    if (length >= SHORTEST_MASKED) for (const form of secretForms(value)) forms.set(form.toString('latin1'), form);
    else if (length > 0) unmasked.push(name);
  }
  const patterns = forms.size > 0 ? buildBytePatterns([...forms.values()]) : undefined;
  const mask = Buffer.from(MASK);
  let maskings = 0;

  function openStream(): Masker {
    return patterns
      ? openMasker(patterns, mask, () => (maskings += 1))
      : { push: (bytes) => bytes, end: () => NOTHING };
  }

  return {
    openStream,
    maskText(text) {
      if (!patterns) return text;
      const stream = openStream();
      return Buffer.concat([stream.push(Buffer.from(text)), stream.end()]).toString('utf8');
    },
    get maskings() {
      return maskings;
    },
    unmasked,
  };
}

function openMasker(patterns: BytePatterns, mask: Buffer, onMask: () => void): Masker {
  const search = patterns.openSearch();
  let held: Buffer = NOTHING;
  /** Of what is held and of what it goes on with, in order. */
  let places: Place[] = [];

  function found(begin: number, end: number): void {
    const place = { begin, end, written: false };
    for (let last = places.at(-1); last && begin < last.end; last = places.at(-1)) {
      place.begin = Math.min(place.begin, last.begin);
      place.written ||= last.written;
      places.pop();
    }
    places.push(place);
  }

  /** Writes what is decided, all before `boundary`, and holds the rest. */
  function write(all: Buffer, boundary: number): Buffer {
    if (places.length === 0 && boundary === all.length) {
      held = NOTHING;
      return all;
    }
    const out: Buffer[] = [];
    const later: Place[] = [];
    let at = 0;
    for (const { begin, end, written } of places) {
      if (begin < boundary) {
        out.push(all.subarray(at, Math.max(at, begin)));
        if (!written) {
          out.push(mask);
          onMask();
        }
        at = Math.min(end, boundary);
      }
      if (end > boundary) later.push({ begin: begin - boundary, end: end - boundary, written: begin < boundary });
    }
    out.push(all.subarray(at, boundary));
    held = boundary === all.length ? NOTHING : Buffer.from(all.subarray(boundary));
    places = later;
    return out.length === 1 ? out[0]! : Buffer.concat(out);
  }

  return {
    push(bytes) {
      const all = held.length > 0 ? Buffer.concat([held, bytes]) : bytes;
      search.read(all, held.length, found);
      return write(all, all.length - search.undecided);
    },
    end: () => write(held, held.length),
  };
}
