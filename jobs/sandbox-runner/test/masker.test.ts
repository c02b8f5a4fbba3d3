import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openSecretMask } from '../src/masker.ts';

function maskChunks(secrets: Record<string, string>, chunks: readonly string[]) {
  const mask = openSecretMask(secrets);
  const stream = mask.openStream();
  const out = [
    ...chunks.map((chunk) => stream.push(Buffer.from(chunk)).toString('latin1')),
    stream.end().toString('latin1'),
  ];
  return { text: out.join(''), out, maskings: mask.maskings };
}

/** Few letters, so that secrets overlap, repeat and begin inside each other. */
const word = fc
  .string({ unit: fc.constantFrom('a', 'b', '\n'), minLength: 4, maxLength: 9 })
  .filter((s) => s.trim().length >= 4);
const secrets = fc
  .array(word, { minLength: 1, maxLength: 3 })
  .map((values) => Object.fromEntries(values.map((v, i) => [`S${i}`, v])));
const chunks = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n', '-'), maxLength: 12 }));

describe('masking', () => {
  test('never lets a secret through, wherever the reads cut it', () => {
    fc.assert(
      fc.property(secrets, chunks, (values, read) => {
        const { text } = maskChunks(values, read);
        for (const value of Object.values(values)) expect(text).not.toContain(value.replace(/^\n+|\n+$/g, ''));
      }),
    );
  });

  test('gives the same text and the same count however the bytes were read', () => {
    fc.assert(
      fc.property(secrets, chunks, (values, read) => {
        const apart = maskChunks(values, read);
        const whole = maskChunks(values, [read.join('')]);
        expect([apart.text, apart.maskings]).toEqual([whole.text, whole.maskings]);
      }),
    );
  });

  test('forgets nothing it has covered when a read brings no bytes', () => {
    expect(maskChunks({ S: 'a\nba' }, ['a\nba', '']).text).toBe('***');
    expect(maskChunks({ S: 'abab' }, ['abab', '', 'c']).text).toBe('***c');
  });

  test('changes nothing where no secret is', () => {
    fc.assert(
      fc.property(chunks, (read) => {
        expect(maskChunks({ S: 'abcdef-never' }, read).text).toBe(read.join(''));
      }),
    );
  });

  test('covers overlapping values with one mask and neighbours with one each', () => {
    expect(maskChunks({ A: 'abcd', B: 'cdef' }, ['-abcdef-']).text).toBe('-***-');
    expect(maskChunks({ A: 'abcd' }, ['abcdabcd'])).toMatchObject({ text: '******', maskings: 2 });
  });

  test('holds back only what may still become a secret', () => {
    expect(maskChunks({ A: 'secret' }, ['a line\nsec', 'ond']).out).toEqual(['a line\n', 'second', '']);
    expect(maskChunks({ A: 'secret' }, ['sec']).out).toEqual(['', 'sec']);
  });

  test('covers a value of several lines, also without its last line feed', () => {
    expect(maskChunks({ A: 'one\ntwo\n' }, ['x one\n', 'two y']).text).toBe('x *** y');
  });

  test('names values that are too short, and ignores empty ones', () => {
    expect(openSecretMask({ PIN: '123', NONE: '', LONG: '1234' }).unmasked).toEqual(['PIN']);
  });

  test('does not let one stream complete the value of another', () => {
    const mask = openSecretMask({ A: 'secret' });
    const [stdout, stderr] = [mask.openStream(), mask.openStream()];
    const text = [stdout.push(Buffer.from('sec')), stderr.push(Buffer.from('ret')), stdout.end(), stderr.end()].join(
      '',
    );
    expect(text).toBe('retsec');
  });
});
