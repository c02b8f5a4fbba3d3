import { isUtf8 } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { digestRow, LIMITS, signedRows, type LogLine, type LogsMessage } from '@runvoy/protocol';
import { LogsMessageSchema } from '@runvoy/protocol/schemas';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { anyCharacter } from '@runvoy/protocol/contracts/any-character';
import { isNumbered } from '../../src/logs/append-batch.ts';
import { readBatch } from '../../src/logs/batch-bytes.ts';

const isGood = new Ajv().compile<LogsMessage>(LogsMessageSchema);

const LINES: readonly LogLine[] = [
  { seq: 7, stream: 'stdout', ms: 1_795_000_000_000, text: 'one' },
  { seq: 8, stream: 'stderr', ms: 0, text: 'say "twö" \\u0041 \u001b[31m', partial: true },
  { seq: 9, stream: 'system', ms: 1_795_000_000_001, text: '' },
];
const message = (lines: readonly LogLine[]): LogsMessage => ({
  from: lines[0]?.seq ?? 1,
  lines,
  expires_at: 1_796_000_000_000,
  key_id: 'k1',
  mac: '0123456789abcdef'.repeat(4),
});
const GOOD = JSON.stringify(message(LINES));

/** What is read of a message must be what parsing it gives. */
function expectRead(bytes: Buffer): void {
  const read = readBatch(bytes)!;
  const parsed = JSON.parse(bytes.toString()) as LogsMessage;
  expect(isGood(parsed) && isNumbered(parsed)).toBe(true);
  const { from, lines, expires_at, key_id, mac } = parsed;
  const { seq: through, ms: lastMs } = lines.at(-1)!;
  expect(read).toMatchObject({ from, through, lastMs, expires_at, key_id, mac });
  expect(Buffer.from(read.rows).toString()).toBe(signedRows(from, lines));
  expect(Buffer.from(read.body).toString()).toBe(JSON.stringify(lines));
  expect(Buffer.from(read.digestRows()).toString()).toBe(lines.map(digestRow).join(''));
  expect(Object.keys(parsed)).toHaveLength(5);
}

describe('a batch is not read from its bytes', () => {
  test.each([
    ['with a field besides', '"text":"one"', '"text":"one","note":"x"'],
    ['with a field twice', '"text":"one"', '"text":"one","text":"one"'],
    [
      'with its fields in another order',
      '"stream":"system","ms":1795000000001',
      '"ms":1795000000001,"stream":"system"',
    ],
    ['with a space', '"seq":7', '"seq": 7'],
    ['with a field besides in the message', '"expires_at"', '"more":1,"expires_at"'],
    ['with a number as a fraction', '"ms":0', '"ms":0.0'],
    ['with a number as a power', '"expires_at":1796000000000', '"expires_at":1796e9'],
    ['with a leading zero', '"seq":8', '"seq":08'],
    ['with a negative time', '"ms":0', '"ms":-1'],
    ['with a time that is not exact', '"ms":0', '"ms":9007199254740993'],
    ['with a time in text', '"ms":0', '"ms":"0"'],
    ['of an unknown stream', '"system"', '"syslog"'],
    ['with a number for a text', '"text":""', '"text":0'],
    ['with a line feed in a text', 'one', 'o\\ne'],
    ['with a line feed by its number', 'one', 'o\\u000ae'],
    ['with a bare line feed', 'one', 'o\ne'],
    ['with a bare tab', 'one', 'o\te'],
    ['with a bare zero', 'one', 'o\0e'],
    ['with an escape where none is needed', 'one', '\\u006fne'],
    ['with a solidus escaped', 'one', '\\/one'],
    ['with a character beyond ASCII escaped', 'one', '\\u00e9'],
    ['with half a surrogate pair', 'one', '\\ud83d'],
    ['with an unknown escape', 'one', '\\x'],
    ['with a continuation that is false', '"partial":true', '"partial":false'],
    ['with a continuation that is a number', '"partial":true', '"partial":1'],
    ['with a continuation twice', '"partial":true', '"partial":true,"partial":true'],
    ['with a number left out', '"seq":8', '"seq":9'],
    ['with a number twice', '"seq":9', '"seq":8'],
    ['that begins elsewhere', '"from":7', '"from":6'],
    ['from zero', '"from":7', '"from":0'],
    ['without a comma between lines', '},{"seq":8', '}{"seq":8'],
    ['with a comma behind the last line', '"text":""}', '"text":""},'],
    ['with a MAC in capitals', '0123456789abcdef', '0123456789ABCDEF'],
    ['with a short MAC', '0123456789abcdef"', '0123456789abcde"'],
    ['with a key of another name than ours have', '"k1"', '"k\\u0031"'],
    ['with a key of a long name', '"k1"', `"${'k'.repeat(65)}"`],
    ['with something before it', '{"from"', ' {"from"'],
    ['with something behind it', 'cdef"}', 'cdef"}\n'],
    ['that is a list', '{"from"', '[{"from"'],
  ])('%s', (_, before, after) => {
    expect(GOOD).toContain(before);
    const at = GOOD.lastIndexOf(before);
    const changed = GOOD.slice(0, at) + after + GOOD.slice(at + before.length);
    expect(readBatch(Buffer.from(changed))).toBeUndefined();
  });

  test('without lines', () => {
    expect(readBatch(Buffer.from(JSON.stringify(message([]))))).toBeUndefined();
  });

  test('with a text that is longer than a batch', () => {
    const lines = (bytes: number) => [{ ...LINES[0]!, text: 'x'.repeat(bytes) }];
    expectRead(Buffer.from(JSON.stringify(message(lines(LIMITS.batchBytes)))));
    expect(readBatch(Buffer.from(JSON.stringify(message(lines(LIMITS.batchBytes + 1)))))).toBeUndefined();
  });

  test('with a control character, wherever it stands and however the bytes lie in memory', () => {
    const room = Buffer.alloc(GOOD.length * 2);
    for (const shift of [0, 1, 2, 3]) {
      const bytes = room.subarray(shift, shift + Buffer.byteLength(GOOD));
      bytes.write(GOOD);
      expectRead(bytes);
      for (let at = 0; at < bytes.length; at += 1) {
        const was = bytes[at]!;
        for (const control of [0, 9, 10, 31]) {
          bytes[at] = control;
          if (readBatch(bytes)) throw new Error(`${control} at ${at} of bytes at ${shift} is read`);
        }
        bytes[at] = was;
      }
    }
  });

  test('that is cut off, wherever', () => {
    const bytes = Buffer.from(GOOD);
    for (let end = 0; end < bytes.length; end += 1) expect(readBatch(bytes.subarray(0, end))).toBeUndefined();
  });
});

const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.constantFrom('\\', '"', '\t', '\u001b[0m', '\\u', 'é', '😀', '\x7f', '\u2028'),
    ),
  )
  .map((parts) => parts.join('').toWellFormed().replaceAll('\n', ''));
const lines = fc
  .array(
    fc.record({
      stream: fc.constantFrom('stdout' as const, 'stderr' as const, 'system' as const),
      ms: fc.nat({ max: 999_999_999_999_999 }),
      text,
      isPartial: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .chain((cut) => fc.integer({ min: 1, max: 999_999_999_999 - cut.length }).map((from) => ({ cut, from })))
  .map(({ cut, from }) =>
    cut.map(({ isPartial, ...line }, at): LogLine => ({
      seq: from + at,
      ...line,
      ...(isPartial && { partial: true }),
    })),
  );

describe('a batch is read from its bytes', () => {
  test('as parsing it would read it, whatever its lines hold', () => {
    expectRead(Buffer.from(GOOD));
    fc.assert(
      fc.property(lines, (drawn) => {
        const bytes = Buffer.from(JSON.stringify(message(drawn)));
        expect(readBatch(bytes)).toBeDefined();
        expectRead(bytes);
      }),
      { numRuns: 200 },
    );
  });

  test('or not at all, whatever became of it: what is read is what the schema lets pass, and how parsing reads it', () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\,{}[]:0189etrue\n\t ')));
    const change = fc.record({ at: fc.nat(1_000_000), gone: fc.nat(3), put: fc.array(byte, { maxLength: 3 }) });
    let read = 0;
    fc.assert(
      fc.property(lines, fc.array(change, { minLength: 1, maxLength: 3 }), (drawn, changes) => {
        let bytes = Buffer.from(JSON.stringify(message(drawn)));
        for (const { at, gone, put } of changes) {
          const from = at % bytes.length;
          bytes = Buffer.concat([bytes.subarray(0, from), Buffer.from(put), bytes.subarray(from + gone)]);
        }
        if (!isUtf8(bytes) || !readBatch(bytes)) return;
        read += 1;
        expectRead(bytes);
      }),
      { numRuns: 2_000 },
    );
    // Changes within a text or a time leave a good message: without them this would show nothing.
    expect(read).toBeGreaterThan(50);
  });
});
