import { isUtf8 } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '@runvoy/protocol';
import fc from 'fast-check';
import { anyCharacter } from '@runvoy/protocol/contracts/any-character';
import { type CutLine, openLineCutter, textOf } from '../src/line-cutter.ts';

/** Each read comes in the same buffer, as reads of a pipe do. */
function cut(chunks: readonly Uint8Array[], limit?: number): { text: string; partial: boolean }[] {
  const cutter = openLineCutter(limit);
  const buffer = Buffer.alloc(Math.max(0, ...chunks.map(({ length }) => length)));
  const lines: { text: string; partial: boolean }[] = [];
  const take = (line: CutLine) => {
    const { bytes: all, start, end, partial } = line;
    expect(isUtf8(all.subarray(start, end))).toBe(true);
    lines.push({ text: textOf(line), partial });
  };
  for (const chunk of chunks) {
    buffer.set(chunk);
    cutter.push(buffer.subarray(0, chunk.length), take);
  }
  cutter.end(take);
  return lines;
}

/** The same bytes, read in pieces. */
function pieces(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...chunks, bytes.subarray(at)];
}

/** Bytes that are often line feeds, parts of characters, and nonsense. */
const bytes = fc
  .array(
    fc.oneof(
      fc.constantFrom([10], [13], [0], [0xff], [0xe2, 0x82, 0xac], [0xf0, 0x9f, 0x98, 0x80], [0xe2], [0x80]),
      fc.uint8Array({ maxLength: 4 }),
    ),
  )
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));
const sizes = fc.array(fc.integer({ min: 0, max: 7 }));

describe('lines', () => {
  test('are the same however the bytes were read', () => {
    fc.assert(
      fc.property(bytes, sizes, fc.integer({ min: 4, max: 40 }), (all, chunking, limit) => {
        expect(cut(pieces(all, chunking), limit)).toEqual(cut([all], limit));
      }),
    );
  });

  test('put together again are the text that was written', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: anyCharacter }),
        sizes,
        fc.integer({ min: 4, max: 40 }),
        (written, chunking, limit) => {
          const all = new TextEncoder().encode(written.toWellFormed());
          const lines = cut(pieces(all, chunking), limit);
          expect(lines.map(({ text, partial }) => text + (partial ? '' : '\n')).join('')).toBe(written.toWellFormed());
          for (const { text } of lines) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });

  test('that are not ended are partial, and an ended stream without a rest gives nothing', () => {
    expect(cut([Buffer.from('a\nb')])).toEqual([
      { text: 'a', partial: false },
      { text: 'b', partial: true },
    ]);
    expect(cut([Buffer.from('a\n')])).toEqual([{ text: 'a', partial: false }]);
  });

  test('keep carriage returns, NULs and a byte order mark', () => {
    expect(cut([Buffer.from('\ufeffa\r\n\0\n')]).map(({ text }) => text)).toEqual(['\ufeffa\r', '\0']);
  });

  test('replace what is no UTF-8', () => {
    expect(cut([Buffer.from([0x61, 0xff, 0xe2, 0x82, 10])])).toEqual([{ text: 'a\ufffd\ufffd', partial: false }]);
  });

  test('of exactly the limit are whole, and one byte more makes two pieces', () => {
    const full = 'x'.repeat(LIMITS.lineTextBytes);
    expect(cut([Buffer.from(`${full}\n`)])).toEqual([{ text: full, partial: false }]);
    expect(cut([Buffer.from(`${full}y\n`)])).toEqual([
      { text: full, partial: true },
      { text: 'y', partial: false },
    ]);
  });

  test.each([
    ['NULs, which JSON writes with six bytes', 0],
    ['bytes that are no UTF-8, which become three', 0xff],
  ])('fit into a batch even when they are full of %s', (_, byte) => {
    const lines = cut([Buffer.alloc(300 * 1024, byte)]);
    expect(lines.reduce((sum, { text }) => sum + text.length, 0)).toBe(300 * 1024);
    for (const { text } of lines) {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LIMITS.lineTextBytes);
      expect(Buffer.byteLength(JSON.stringify(text))).toBeLessThan(LIMITS.batchBytes - 768);
    }
  });
});
