import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openSecretMask } from '../src/masker.ts';

/** What programs do with a value before they print it, each by the platform's own encoder and none of ours. */
const ENCODERS = {
  plain: (value: string) => value,
  encodeURIComponent,
  'encodeURIComponent, lower case': (value: string) =>
    encodeURIComponent(value).replace(/%../g, (hex) => hex.toLowerCase()),
  encodeURI,
  form: (value: string) => new URLSearchParams({ a: value }).toString().slice(2),
  base64: (value: string) => Buffer.from(value).toString('base64'),
  'base64 of a line': (value: string) => Buffer.from(`${value}\n`).toString('base64'),
  base64url: (value: string) => Buffer.from(value).toString('base64url'),
  hex: (value: string) => Buffer.from(value).toString('hex'),
  'hex, upper case': (value: string) => Buffer.from(value).toString('hex').toUpperCase(),
  JSON: (value: string) => JSON.stringify(value),
  'JSON, ASCII alone': (value: string) =>
    JSON.stringify(value).replace(/[^\0-~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
} as const;
type Encoder = keyof typeof ENCODERS;

/** Characters that encoders treat differently, and as many that they do not. No `*`: it is what a mask is made of. */
const character = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...Array.from('abcXYZ0189')) },
  { weight: 2, arbitrary: fc.constantFrom(...Array.from('+/=&%?#@:;,. "\'\\<>~_-$!\n\t')) },
  { weight: 1, arbitrary: fc.constantFrom('é', '€', '😀', '\u0001', '\u007f') },
);
const secret = fc
  .string({ unit: character, minLength: 4, maxLength: 90 })
  .map((value) => value.replace(/^\n+|\n+$/g, ''))
  .filter((value) => value.trim().length >= 4);
const secrets = fc.array(secret, { minLength: 1, maxLength: 4 });

type Piece =
  | { readonly noise: string }
  | { readonly secret: number; readonly encoder: Encoder }
  | {
      readonly secret: number;
      readonly before: string;
      readonly after: string;
      readonly alphabet: 'base64' | 'base64url';
    };

const noise = fc.string({ unit: fc.oneof(character, fc.constantFrom(' ', '\n')), maxLength: 12 });
const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.record({ noise }),
  fc.record({ secret: fc.nat(3), encoder: fc.constantFrom(...(Object.keys(ENCODERS) as Encoder[])) }),
  fc.record({
    secret: fc.nat(3),
    before: fc.string({ maxLength: 7 }),
    after: fc.string({ maxLength: 7 }),
    alphabet: fc.constantFrom('base64' as const, 'base64url' as const),
  }),
);

function textOf(each: Piece, values: readonly string[]): string {
  if ('noise' in each) return each.noise;
  const value = values[each.secret % values.length]!;
  if ('encoder' in each) return ENCODERS[each.encoder](value);
  return Buffer.from(each.before + value + each.after).toString(each.alphabet);
}

/** Masks `bytes`, read in pieces of the given sizes again and again. */
function maskCut(values: readonly string[], bytes: Buffer, sizes: readonly number[]) {
  const mask = openSecretMask(Object.fromEntries(values.map((value, i) => [`S${i}`, value])));
  const stream = mask.openStream();
  const out: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length]!;
    out.push(stream.push(bytes.subarray(at, at + size)));
    at += size;
  }
  out.push(stream.end());
  return { text: Buffer.concat(out), maskings: mask.maskings };
}

/** The forms of a value that a text shows, found without anything of the masker. */
function shownForms(text: string, value: string): string[] {
  const shown = Object.entries(ENCODERS).flatMap(([name, encode]) => {
    const form = encode(value);
    return text.includes(name.startsWith('JSON') ? form.slice(1, -1) : form) ? [name] : [];
  });
  // Whatever was encoded around it: each run of the alphabet, read from each of four places.
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{4,}/g)) {
    for (let at = 0; at < 4; at += 1) {
      const decoded = Buffer.from(run.slice(at), 'base64');
      if (decoded.includes(value)) shown.push(`base64 inside ${run}`);
    }
  }
  return shown;
}

const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 80 })), {
  minLength: 1,
  maxLength: 6,
});

describe('secrets in any form', () => {
  test('are never let through, wherever the reads cut them', () => {
    fc.assert(
      fc.property(secrets, fc.array(piece, { maxLength: 8 }), sizes, (values, pieces, cuts) => {
        const written = Buffer.from(pieces.map((each) => textOf(each, values)).join(''));
        const { text, maskings } = maskCut(values, written, cuts);
        for (const value of values) expect([value, shownForms(text.toString(), value)]).toEqual([value, []]);
        const whole = maskCut(values, written, [written.length || 1]);
        expect([text.toString(), maskings]).toEqual([whole.text.toString(), whole.maskings]);
      }),
      { numRuns: 300 },
    );
  });

  test('leave every byte of a text that has none as it is', () => {
    const values = fc.array(fc.uuid(), { minLength: 1, maxLength: 4 });
    const read = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        noise.map((text) => Buffer.from(text)),
      ),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(values, read, sizes, (ids, pieces, cuts) => {
        const beginnings = ids.map((id) => Buffer.from(`${id.slice(0, -1)}|`));
        const written = Buffer.concat([...pieces, ...beginnings, ...pieces]);
        const { text, maskings } = maskCut(ids, written, cuts);
        expect([text.equals(written), maskings]).toEqual([true, 0]);
      }),
    );
  });

  test.each([
    ['a key, line by line', 'A: MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 'A: ***'],
    ['the armour of a key, which is no secret', '-----BEGIN PRIVATE KEY-----', '-----BEGIN PRIVATE KEY-----'],
    ['the short last line of a key', 'x3Q=', 'x3Q='],
  ])('of several lines: %s', (_, line, shown) => {
    const key =
      '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\nx3Q=\n';
    expect(maskCut([key], Buffer.from(`${line}\n`), [7]).text.toString()).toBe(`${shown}\n`);
  });

  test('are one mask when base64 breaks them into lines', () => {
    const value = 'a password that somebody made long enough for base64 to break it into several lines of output';
    const broken = Buffer.from(`${value}\n`).toString('base64').replace(/.{76}/g, '$&\n');
    expect(maskCut([value], Buffer.from(broken), [10])).toMatchObject({ maskings: 1 });
  });

  test.each([
    ['bash', `+ login 'it'\\''s me'`],
    ['dash', `+ login 'it'"'"'s me'`],
    ['printf %q', `+ login it\\'s\\ me`],
  ])('are masked as %s quotes them', (_, line) => {
    expect(maskCut([`it's me`], Buffer.from(line), [3]).text.toString()).toMatch(/^\+ login '?\*\*\*'?$/);
  });
});
