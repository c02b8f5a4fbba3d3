import { isUtf8 } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { digestRow, type LogLine } from '@runvoy/protocol';
import fc from 'fast-check';
import { anyCharacter } from '@runvoy/protocol/contracts/any-character';
import { digestRows } from '../../src/logs/digest-rows.ts';

const LINES: readonly LogLine[] = [
  { seq: 7, stream: 'stdout', ms: 1_795_000_000_000, text: 'one' },
  { seq: 8, stream: 'stderr', ms: 0, text: 'say "twö" \\u0041 \u001b[31m', partial: true },
  { seq: 9, stream: 'system', ms: 1_795_000_000_001, text: '' },
];

function rowsOf(json: string | Buffer, from = 7): string {
  return Buffer.from(digestRows({ from, body: Buffer.from(json) })).toString();
}

const expectedOf = (json: string) => (JSON.parse(json) as LogLine[]).map(digestRow).join('');

describe('the rows of a stored chunk are those of its lines', () => {
  test('in the form in which runners write it', () => {
    expect(rowsOf(JSON.stringify(LINES))).toBe(LINES.map(digestRow).join(''));
  });

  test.each([
    [
      'with its fields in another order',
      '"stream":"system","ms":1795000000001',
      '"ms":1795000000001,"stream":"system"',
    ],
    ['with spaces', '"seq":8', ' "seq" : 8'],
    ['with a field of a later time', '"text":"one"', '"text":"one","more":1'],
    ['with an escape where none is needed', 'one', '\\u006fne'],
    ['with half a surrogate pair', 'one', '\\ud83d'],
    ['with a number left out', '"seq":8', '"seq":18'],
    ['with a space behind it', '"text":""}]', '"text":""}] '],
  ])('%s', (_, before, after) => {
    const json = JSON.stringify(LINES).replace(before, after);
    expect(json).not.toBe(JSON.stringify(LINES));
    expect(rowsOf(json)).toBe(Buffer.from(expectedOf(json)).toString());
  });

  test('without lines', () => {
    expect(rowsOf('[]')).toBe('');
  });

  test('whatever became of it, or it is no such list', () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\,{}[]:0189etrue\n\t ')));
    const change = fc.record({ at: fc.nat(1_000_000), gone: fc.nat(3), put: fc.array(byte, { maxLength: 3 }) });
    const texts = fc.array(
      fc.string({ unit: anyCharacter }).map((text) => text.toWellFormed().replaceAll('\n', '')),
      {
        minLength: 1,
        maxLength: 5,
      },
    );
    let read = 0;
    fc.assert(
      fc.property(texts, fc.array(change, { maxLength: 2 }), (drawn, changes) => {
        const lines = drawn.map((text, i): LogLine => ({ seq: 7 + i, stream: 'stdout', ms: i, text }));
        let bytes = Buffer.from(JSON.stringify(lines));
        for (const { at, gone, put } of changes) {
          const from = at % bytes.length;
          bytes = Buffer.concat([bytes.subarray(0, from), Buffer.from(put), bytes.subarray(from + gone)]);
        }
        let expected: string;
        try {
          expected = expectedOf(bytes.toString());
        } catch {
          expect(() => rowsOf(bytes)).toThrow();
          return;
        }
        if (!isUtf8(bytes)) return;
        read += 1;
        expect(rowsOf(bytes)).toBe(Buffer.from(expected).toString());
      }),
      { numRuns: 500 },
    );
    expect(read).toBeGreaterThan(100);
  });
});
