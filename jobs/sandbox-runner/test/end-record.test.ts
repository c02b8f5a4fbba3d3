import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { type LogLine, digestRow } from '@runvoy/protocol';
import fc from 'fast-check';
import { anyCharacter } from '@runvoy/protocol/contracts/any-character';
import { openEndRecord } from '../src/end-record.ts';

const bytesOf = (lines: readonly LogLine[]) => lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);

test('the end record depends on the lines alone, not on how they were batched', () => {
  const texts = fc.array(
    fc.array(
      fc.string({ unit: anyCharacter }).map((text) => text.toWellFormed()),
      { minLength: 1 },
    ),
  );
  fc.assert(
    fc.property(texts, (batches) => {
      let seq = 0;
      const lines = batches.map((batch) =>
        batch.map((text): LogLine => ({ seq: (seq += 1), stream: 'stderr', ms: 1, text })),
      );
      const record = openEndRecord();
      for (const batch of lines) {
        const digest = Buffer.from(batch.map(digestRow).join(''));
        record.add({ through: batch.at(-1)!.seq, textBytes: bytesOf(batch), digest });
        record.read();
      }
      const hash = createHash('sha256');
      for (const line of lines.flat()) hash.update(digestRow(line), 'utf8');
      expect(record.read()).toEqual({
        lines: seq,
        bytes: bytesOf(lines.flat()),
        sha256: hash.digest('hex'),
      });
    }),
  );
});
