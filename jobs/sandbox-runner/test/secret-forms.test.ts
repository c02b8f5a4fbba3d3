import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openSecretMask } from '../src/masker.ts';
import { readings } from './read-back.ts';
import { type Manner, NEEDS_EIGHT_BYTES, WRITERS } from './written-secret.ts';

/** Characters that encoders treat differently, and as many that they do not. No `*`: it is what a mask is made of. */
const character = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...Array.from('abcXYZ0189')) },
  { weight: 2, arbitrary: fc.constantFrom(...Array.from('+/=&%?#@:;,. "\'\\<>~_-$!`\n\t')) },
  { weight: 1, arbitrary: fc.constantFrom('é', '€', '😀', '\u0001', '\u007f') },
);
const isLongEnough = (value: string) => value.trim().length >= 4;
const trimmed = (value: string) => value.replace(/^\n+|\n+$/g, '');
const rich = fc.string({ unit: character, minLength: 4, maxLength: 90 }).map(trimmed).filter(isLongEnough);
const token = fc.string({
  unit: fc.constantFrom(...Array.from('ghp_ABCDEfijkl0123456789+/')),
  minLength: 12,
  maxLength: 48,
});
const lines = fc.array(token, { minLength: 2, maxLength: 5 }).map((each) => each.join('\n'));
/** Too long for the automaton in any form. */
const long = fc.array(token, { minLength: 12, maxLength: 16 }).map((each) => each.join('€'));

const letters = fc.string({ unit: fc.constantFrom('a', 'Q', 'é', 'z'), maxLength: 7 });
const manner: fc.Arbitrary<Manner> = fc.record({
  before: fc.string({ maxLength: 7 }),
  after: letters,
  width: fc.oneof(fc.integer({ min: 4, max: 20 }), fc.integer({ min: 20, max: 80 })),
  lineBreak: fc.constantFrom('\n', '\r\n', ' ', '\n    ', '\n\t', '\\n'),
  between: fc.constantFrom(' ', ':', '-', ', ', '%', '\\x', ' \t'),
});
const noise = fc.oneof(
  fc.string({ unit: character, maxLength: 12 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);
const piece = fc.record({
  noise,
  secret: fc.nat(3),
  writer: fc.constantFrom(...Object.keys(WRITERS)),
  manner,
  stream: fc.nat(1),
});
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 80 })), {
  minLength: 1,
  maxLength: 6,
});

/** Masks two streams of one run, read in turns in pieces of the given sizes again and again. */
function maskCut(values: readonly string[], streams: readonly Buffer[], cuts: readonly number[]) {
  const mask = openSecretMask(Object.fromEntries(values.map((value, i) => [`S${i}`, value])));
  const maskers = streams.map(() => mask.openStream());
  const out: Buffer[][] = streams.map(() => []);
  const at = streams.map(() => 0);
  for (let turn = 0; at.some((from, i) => from < streams[i]!.length); turn += 1) {
    const i = turn % streams.length;
    const size = cuts[turn % cuts.length]!;
    out[i]!.push(maskers[i]!.push(streams[i]!.subarray(at[i], at[i]! + size)));
    at[i]! += size;
  }
  maskers.forEach((masker, i) => out[i]!.push(masker.end()));
  return { texts: out.map((each) => Buffer.concat(each)), maskings: mask.maskings };
}

function maskOne(values: readonly string[], text: string, cuts: readonly number[]) {
  const { texts, maskings } = maskCut(values, [Buffer.from(text)], cuts);
  return { text: texts[0]!.toString(), maskings };
}

function isFound(writer: string, value: string): boolean {
  return Buffer.byteLength(value) >= 8 || !NEEDS_EIGHT_BYTES.has(writer);
}

describe('secrets in any form', () => {
  test('are masked and counted, and nothing else is, wherever the reads cut them', () => {
    // Values that know nothing of each other, so that what is to be seen can be told exactly.
    const apart = fc.uniqueArray(
      fc.oneof(
        token,
        lines,
        long,
        fc.tuple(token, rich).map((both) => both.join(' ')),
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(apart, fc.array(piece, { maxLength: 8 }), sizes, (values, pieces, cuts) => {
        const written: Buffer[][] = [[], []];
        const shown: Buffer[][] = [[], []];
        for (const each of pieces) {
          const secret = WRITERS[each.writer]!(values[each.secret % values.length]!, each.manner);
          const around = Buffer.concat([Buffer.from('|'), each.noise, Buffer.from('|')]);
          written[each.stream]!.push(around, Buffer.from(`${secret.text}|`));
          shown[each.stream]!.push(around, Buffer.from(`${secret.shown}|`));
        }
        const streams = written.map((parts) => Buffer.concat(parts));
        const { texts, maskings } = maskCut(values, streams, cuts);
        expect(texts.map(String)).toEqual(shown.map((parts) => String(Buffer.concat(parts))));
        expect(texts.every((text, i) => text.equals(Buffer.concat(shown[i]!)))).toBe(true);
        expect(maskings).toBe(pieces.length);
      }),
      { numRuns: 250 },
    );
  });

  test('are never let through where they overlap, repeat themselves or begin in each other', () => {
    const few = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '"', '\n'), minLength: 4, maxLength: 24 });
    const base = few.map(trimmed).filter(isLongEnough);
    const related = fc.tuple(base, fc.nat(4), fc.integer({ min: 4, max: 40 })).map(([value, from, length]) => {
      const parts = [
        value,
        value.slice(from, from + length),
        value.repeat(40).slice(0, length * 5),
        `${value}${value}`,
      ];
      return parts.map(trimmed).filter(isLongEnough);
    });
    const near = fc.record({
      noise: fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 5 }),
      secret: fc.nat(3),
      writer: fc.constantFrom(...Object.keys(WRITERS)),
      manner,
    });
    fc.assert(
      fc.property(related, fc.array(near, { maxLength: 6 }), sizes, (values, pieces, cuts) => {
        const text = pieces
          .map((each) => {
            const value = values[each.secret % values.length]!;
            return each.noise + (isFound(each.writer, value) ? WRITERS[each.writer]!(value, each.manner).text : '');
          })
          .join('');
        const masked = maskOne(values, text, cuts);
        for (const value of values) expect([value, readings(masked.text, value)]).toEqual([value, []]);
        expect(masked.maskings).toBe(masked.text.split('***').length - 1);
        expect(masked).toEqual(maskOne(values, text, [text.length * 4 + 1]));
      }),
      { numRuns: 200 },
    );
  });

  test('leave every byte of a text that has none as it is', () => {
    const values = fc.array(fc.uuid(), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(values, fc.array(noise, { maxLength: 10 }), sizes, (ids, pieces, cuts) => {
        const beginnings = ids.map((id) => Buffer.from(`${id.slice(0, -1)}|`));
        const written = Buffer.concat([...pieces, ...beginnings, ...pieces]);
        const { texts, maskings } = maskCut(ids, [written], cuts);
        expect([texts[0]!.equals(written), maskings]).toEqual([true, 0]);
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
    expect(maskOne([key], `${line}\n`, [7]).text).toBe(`${shown}\n`);
  });

  test('are one mask when base64 breaks them into lines', () => {
    const value = 'a password that somebody made long enough for base64 to break it into several lines of output';
    const broken = Buffer.from(`${value}\n`).toString('base64').replace(/.{76}/g, '$&\n');
    expect(maskOne([value], broken, [10])).toMatchObject({ maskings: 1 });
  });

  test.each([
    ['bash', `+ login 'it'\\''s me'`],
    ['dash', `+ login 'it'"'"'s me'`],
    ['printf %q', `+ login it\\'s\\ me`],
  ])('are masked as %s quotes them', (_, line) => {
    expect(maskOne([`it's me`], line, [3]).text).toMatch(/^\+ login '?\*\*\*'?$/);
  });
});
