import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FrameForm } from '../src/frame-form.ts';
import { RecentChunks } from '../src/recent-chunks.ts';
import { SharedChunk } from '../src/shared-chunk.ts';
import { chunkOf, sampleLines } from './sample-execution.ts';

const MIB = 1024 * 1024;
/** Frames as long as the chunk they are made of, as those of `runvoy.v2` are. */
const asLong = { chunk: ({ body }: { body: Uint8Array }) => [body] } as unknown as FrameForm;

/** A chunk of which nobody reads more than how long it is. */
function chunkAt(seq: number, length: number): SharedChunk {
  return new SharedChunk({ ...chunkOf(sampleLines(seq, seq)), body: { length } as Uint8Array });
}

const step = fc.record({
  kind: fc.constantFrom('tell', 'tell', 'tell', 'read', 'show', 'mark', 'interrupt'),
  seq: fc.integer({ min: 1, max: 60 }),
  kib: fc.integer({ min: 1, max: 700 }),
  behind: fc.integer({ min: 0, max: 40 }),
});

test('what is kept is bounded by how many viewers are behind, never wrong, and all since a mark that says so', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const recent = new RecentChunks();
      const marks: { readonly mark: number; readonly since: number[] }[] = [];
      for (const { kind, seq, kib, behind } of steps) {
        const shared = chunkAt(seq, kib * 1024);
        const isTold = kind === 'tell' && !recent.has(seq);
        if (isTold) {
          recent.add(shared, behind);
          for (const { since } of marks) since.push(seq);
        }
        if (kind === 'read') recent.addRead([shared], behind);
        if (kind === 'show') recent.holding(seq)?.framesFrom(seq, asLong);
        if (kind === 'mark') marks.push({ mark: recent.mark(), since: [] });
        if (kind === 'interrupt') {
          recent.interrupt();
          for (const { mark } of marks.splice(0)) expect(recent.keepsAllSince(mark)).toBe(false);
        }
        let bytes = 0;
        for (let at = 1; at <= 60; at += 1) {
          const found = recent.holding(at);
          if (!found) continue;
          expect(found.holds(at)).toBe(true);
          bytes += found.bytes;
        }
        const most = Math.min(8 * MIB, Math.max(1, behind) * (MIB / 2));
        // A line that was read and then told is there twice, and one of them is found.
        if (isTold || kind === 'read') expect(bytes).toBeLessThanOrEqual(most);
        for (const { mark, since } of marks) {
          if (!recent.keepsAllSince(mark)) continue;
          for (const at of since) expect(recent.holding(at)).toBeDefined();
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('one viewer alone is kept no chunk that it has read', () => {
  const recent = new RecentChunks();
  recent.addRead([chunkAt(1, 1)], 1);
  expect(recent.holding(1)).toBeUndefined();
  recent.addRead([chunkAt(1, 1)], 2);
  expect(recent.holding(1)).toBeDefined();
});

test('frames that were made of a chunk count as what they take', () => {
  const shared = chunkAt(1, 1_000);
  shared.framesFrom(1, asLong);
  shared.framesFrom(1, asLong);
  expect(shared.bytes).toBe(2_000);
});
