import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyCharacter } from '@runvoy/protocol/contracts/any-character';
import type { LogLine } from '@runvoy/protocol';
import { linesOf } from '../../src/logs/log-chunk.ts';
import { lineOfRaw, rawLines, rawText } from '../../src/logs/raw-line.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const texts = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 20 }),
  fc.stringMatching(/^["\\,{}[\]:pa]{0,12}$/),
  fc.constantFrom(
    '',
    '"',
    '\\',
    '\\"',
    '","partial":true}',
    '"},{"seq":9',
    '\u00e9\ud83d\ude00',
    '\ud800',
    '\u2028',
    '\0',
  ),
);
const line = fc.record(
  {
    seq: fc.integer({ min: 1, max: 1e12 }),
    stream: fc.constantFrom('stdout', 'stderr', 'system'),
    ms: fc.integer({ min: -5, max: 2e12 }),
    text: texts,
    partial: fc.constant(true),
  },
  { requiredKeys: ['seq', 'stream', 'ms', 'text'] },
) as fc.Arbitrary<LogLine>;
/** The fields in the order in which a line is written. */
const written = ({ seq, stream, ms, text, partial }: LogLine) => ({
  seq,
  stream,
  ms,
  text,
  ...(partial && { partial }),
});
const wellFormed = (text: string) => Buffer.from(text).toString();

test('the lines of any body are what parsing it gives, and their texts the same bytes', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
      const body = encode(JSON.stringify(lines.map(written)));
      const raw = rawLines({ body });
      expect(raw.map(lineOfRaw)).toEqual(linesOf({ body }));
      expect(raw.map((one) => Buffer.from(rawText(one), 'latin1').toString())).toEqual(
        lines.map(({ text }) => wellFormed(text)),
      );
      expect(raw.map(({ json }) => JSON.parse(`"${Buffer.from(json, 'latin1').toString()}"`) as string)).toEqual(
        lines.map(({ text }) => text),
      );
    }),
  );
});

test('a body in another form is read as JSON, or refused as JSON is', () => {
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 3 }),
      fc.nat(),
      fc.constantFrom('', ' ', '"', '\\', ',', '}', ']', '1'),
      (lines, place, inserted) => {
        const whole = JSON.stringify(lines.map(written));
        const at = place % (whole.length + 1);
        const body = encode(whole.slice(0, at) + inserted + whole.slice(at + (place % 2)));
        const expected = attempt(() => linesOf({ body }).map((one) => ({ ...one })));
        const read = attempt(() => rawLines({ body }).map(lineOfRaw));
        if (expected === undefined) expect(read).toBeUndefined();
        else if (expected.every(isLine)) expect(read).toEqual(expected);
      },
    ),
  );
});

test.each([
  ['in another order', '[{"text":"a\\tb","seq":7,"ms":1,"stream":"stderr"}]'],
  ['with spaces', '[ {"seq": 7, "stream": "stderr", "ms": 1, "text": "a\\tb"} ]'],
])('fields %s are found', (_, body) => {
  const [only] = rawLines({ body: encode(body) });
  expect(lineOfRaw(only!)).toEqual({ seq: 7, stream: 'stderr', ms: 1, text: 'a\tb' });
});

test.each([
  ['seq', '[{"seq":07,"stream":"stdout","ms":1,"text":"a"}]'],
  ['ms', '[{"seq":7,"stream":"stdout","ms":00,"text":"a"}]'],
  ['negative ms', '[{"seq":7,"stream":"stdout","ms":-01,"text":"a"}]'],
])('a %s with a zero in front is refused, as JSON has no such number', (_, body) => {
  expect(() => rawLines({ body: encode(body) })).toThrow(SyntaxError);
});

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const isLine = ({ seq, stream, ms, text, partial, ...more }: LogLine) =>
  Number.isSafeInteger(seq) &&
  seq > 0 &&
  ['stdout', 'stderr', 'system'].includes(stream) &&
  Number.isSafeInteger(ms) &&
  typeof text === 'string' &&
  (partial === undefined || partial) &&
  Object.keys(more).length === 0;
