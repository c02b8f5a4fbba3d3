import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { jsonLines } from '../src/json-lines.ts';

async function linesIn(pieces: readonly Uint8Array[]): Promise<string[]> {
  async function* input() {
    yield* pieces;
  }
  return Array.fromAsync(jsonLines(input()));
}

const text = fc.string({ unit: fc.constantFrom('a', '\u2028', '\u2029', '\u0085', '\r', '\ufeff', 'é', '😀') });

test('lines end at line feeds alone, however their bytes were read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(text), fc.array(fc.nat(5)), fc.boolean(), async (lines, sizes, isEnded) => {
      const bytes = new TextEncoder().encode(lines.join('\n') + (isEnded ? '\n' : ''));
      const pieces: Uint8Array[] = [];
      let at = 0;
      for (const size of sizes) pieces.push(bytes.subarray(at, (at += size)));
      pieces.push(bytes.subarray(at));
      const expected = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).split('\n');
      // Behind the last line feed nothing stands, or the line that lacks it.
      if (expected.at(-1) === '') expected.pop();
      expect(await linesIn(pieces)).toEqual(expected);
    }),
  );
});

test('a reading that fails is told', async () => {
  async function* input() {
    yield new TextEncoder().encode('{}\n');
    throw new Error('no disk');
  }
  await expect(Array.fromAsync(jsonLines(input()))).rejects.toThrow('no disk');
});
