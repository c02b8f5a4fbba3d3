import { BASE64, HEX } from './broken-encodings.ts';
import { buildBrokenPatterns } from './broken-patterns.ts';
import { type BytePatterns, buildBytePatterns } from './byte-patterns.ts';
import { type SecretForms, secretForms } from './secret-forms.ts';

/** What is written in place of a secret value. */
export const MASK = '***';

/** Shorter values are in every text: masking them would destroy the log and protect nothing. */
export const SHORTEST_MASKED = 4;

/** Forms shorter than this have a search of their own. */
const SHORT_FORM = 16;

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
  const forms: SecretForms[] = [];
  const unmasked: string[] = [];
  for (const [name, value] of Object.entries(secrets)) {
    const length = value.trim().length;
    if (length >= SHORTEST_MASKED) forms.push(secretForms(value));
    else if (length > 0) unmasked.push(name);
  }
  const patterns = patternsOf(forms);
  const mask = Buffer.from(MASK);
  let maskings = 0;

  function openStream(): Masker {
    return patterns.length > 0
      ? openMasker(patterns, mask, () => (maskings += 1))
      : { push: (bytes) => bytes, end: () => NOTHING };
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

/** Short forms are searched for apart: one of four bytes would leave all others a window of four bytes. */
function patternsOf(forms: readonly SecretForms[]): BytePatterns[] {
  const plain = new Map(forms.flatMap((each) => each.plain.map((form) => [form.toString('latin1'), form])));
  const [short, long] = [[...plain.values()].filter(isShort), [...plain.values()].filter((form) => !isShort(form))];
  const base64 = new Set(forms.flatMap((each) => each.base64));
  const hex = new Set(forms.flatMap((each) => each.hex));
  return [
    ...[short, long].filter(({ length }) => length > 0).map(buildBytePatterns),
    ...(base64.size > 0 ? [buildBrokenPatterns([...base64], BASE64)] : []),
    ...(hex.size > 0 ? [buildBrokenPatterns([...hex], HEX)] : []),
  ];
}

function isShort(form: Buffer): boolean {
  return form.length < SHORT_FORM;
}

function openMasker(patterns: readonly BytePatterns[], mask: Buffer, onMask: () => void): Masker {
  const searches = patterns.map((each) => each.openSearch());
  let held: Buffer = NOTHING;
  /** Of what is held and of what it goes on with, in order. */
  let places: Place[] = [];

  function found(begin: number, end: number): void {
    const last = places.at(-1);
    if (last && begin >= last.begin && begin < last.end) last.end = Math.max(last.end, end);
    else places.push({ begin, end, written: false });
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
        at = Math.max(at, Math.min(end, boundary));
      }
      // Also one that ends here: a long value may go on behind it.
      if (end >= boundary) later.push({ begin: begin - boundary, end: end - boundary, written: begin < boundary });
    }
    out.push(all.subarray(at, boundary));
    held = boundary === all.length ? NOTHING : Buffer.from(all.subarray(boundary));
    places = later;
    return out.length === 1 ? out[0]! : Buffer.concat(out);
  }

  return {
    push(bytes) {
      const all = held.length > 0 ? Buffer.concat([held, bytes]) : bytes;
      let undecided = 0;
      for (const search of searches) {
        search.read(all, held.length, found);
        undecided = Math.max(undecided, search.undecided);
      }
      places = united(places);
      return write(all, all.length - undecided);
    },
    end: () => write(held, held.length),
  };
}

/** In order, and those that overlap as one. */
function united(places: readonly Place[]): Place[] {
  const out: Place[] = [];
  for (const place of places.toSorted((a, b) => a.begin - b.begin)) {
    const last = out.at(-1);
    if (last && place.begin < last.end) {
      last.end = Math.max(last.end, place.end);
      last.written ||= place.written;
    } else {
      out.push(place);
    }
  }
  return out;
}
