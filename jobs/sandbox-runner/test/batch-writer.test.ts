import { expect, test } from '@jest/globals';
import { LIMITS, type LogLine, digestRow, signedRows } from '@runvoy/protocol';
import fc from 'fast-check';
import { anyCharacter } from '@runvoy/protocol/contracts/any-character';
import { type Batch, BatchWriter } from '../src/batch-writer.ts';
import type { CutLine } from '../src/line-cutter.ts';

const texts = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 30 }).map((text) => text.toWellFormed()),
  fc.string({ unit: fc.constantFrom(...Array.from('a"\\/nu\b\f\n\r\t\0\u001b\u001f\u007f')), maxLength: 30 }),
);
const drawnLines = fc.array(
  fc.record({
    text: texts,
    stream: fc.constantFrom('stdout' as const, 'stderr' as const, 'system' as const),
    ms: fc.constantFrom(0, 1_795_000_000_000, 1_795_000_000_001),
    partial: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
);

/** A line in the middle of others, as it was read. */
function cutOf(text: string, partial: boolean): CutLine {
  const bytes = Buffer.from(`before${text}"\n`);
  const isPlain = JSON.stringify(text).length === text.length + 2;
  return { bytes, start: 'before'.length, end: bytes.length - 2, partial, ...(isPlain && { isPlain }) };
}

const written = ({ through, from, textBytes, json, signed, digest }: Batch) => ({
  from,
  through,
  textBytes,
  json: json.toString(),
  signed: signed.toString(),
  digest: digest.toString(),
});

function expected(lines: readonly LogLine[]) {
  const from = lines[0]!.seq;
  return {
    from,
    through: lines.at(-1)!.seq,
    textBytes: lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
    json: JSON.stringify(lines),
    signed: signedRows(from, lines),
    digest: lines.map(digestRow).join(''),
  };
}

test('lines are written to the byte as JSON and rows have them, batch after batch', () => {
  fc.assert(
    fc.property(
      fc.array(drawnLines, { maxLength: 4 }),
      fc.constantFrom(1, 9, 95, 999_999, 10 ** 11 - 3),
      (drawn, first) => {
        const writer = new BatchWriter();
        let seq = first;
        for (const batch of drawn) {
          const lines = batch.map(({ partial, text, ...head }): LogLine => {
            const line = { seq, ...head, text };
            seq += 1;
            return partial ? { ...line, partial } : line;
          });
          for (const line of lines) {
            expect(writer.add(line, cutOf(line.text, line.partial === true), LIMITS.batchBytes)).toBe(true);
          }
          expect(writer.isEmpty).toBe(false);
          expect(written(writer.take())).toEqual(expected(lines));
          expect(writer.isEmpty).toBe(true);
        }
      },
    ),
  );
});

test('a line for which there is no room is not added, whatever JSON makes of it, and the first always is', () => {
  fc.assert(
    fc.property(texts, texts, fc.integer({ min: -8, max: 8 }), (first, second, more) => {
      const writer = new BatchWriter();
      const lines = [first, second].map((text, i): LogLine => ({ seq: i + 1, stream: 'stdout', ms: 1, text }));
      // The end of the list is not counted.
      const room = Buffer.byteLength(JSON.stringify(lines)) - 1 + more;
      expect(writer.add(lines[0]!, cutOf(first, false), 1)).toBe(true);
      expect(writer.add(lines[1]!, cutOf(second, false), room)).toBe(more >= 0);
      expect(written(writer.take())).toEqual(expected(more >= 0 ? lines : lines.slice(0, 1)));
    }),
  );
});
