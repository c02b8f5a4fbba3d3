import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '@runvoy/protocol';
import fc from 'fast-check';
import { openMessageBuffers } from '../src/message-buffers.ts';

const LARGE = LIMITS.batchBytes - 10;
const bytes = (text: string) => Buffer.from(text);

describe('messages as bytes', () => {
  test('are what they were until they are given back, whatever is given back meanwhile', () => {
    const size = fc.constantFrom(0, 1, 300, LIMITS.batchBytes / 2, LARGE, LIMITS.batchBytes, LIMITS.batchBytes + 1);
    fc.assert(
      fc.property(fc.array(fc.tuple(size, fc.constantFrom('x', 'é', '€'), fc.nat(8), fc.nat(LARGE))), (drawn) => {
        const buffers = openMessageBuffers();
        const waiting: { text: string; body: Buffer }[] = [];
        for (const [length, character, done, cut] of drawn) {
          const text = character.repeat(length);
          const written = bytes(text);
          const joined = buffers.join([written.subarray(0, cut), written.subarray(cut)]);
          written.fill(0);
          waiting.push({ text, body: joined });
          for (const { text: kept, body } of waiting) expect(body.equals(Buffer.from(kept))).toBe(true);
          for (const { body } of waiting.splice(done, 1)) buffers.giveBack(body);
        }
      }),
    );
  });

  test('that are large stand where a large one stood that was given back', () => {
    const buffers = openMessageBuffers();
    const first = buffers.join([bytes('x'.repeat(LARGE))]);
    buffers.giveBack(first);
    expect(buffers.join([bytes('y'.repeat(LARGE))]).buffer).toBe(first.buffer);
  });

  test('given back twice do not share their place', () => {
    const buffers = openMessageBuffers();
    const first = buffers.join([bytes('x'.repeat(LARGE))]);
    buffers.giveBack(first);
    buffers.giveBack(first);
    expect(buffers.join([bytes('y'.repeat(LARGE))]).buffer).not.toBe(buffers.join([bytes('z'.repeat(LARGE))]).buffer);
  });

  test('that are small or came from elsewhere take no place of a large one', () => {
    const buffers = openMessageBuffers();
    expect(buffers.join([bytes('x')]).buffer.byteLength).toBeLessThan(LARGE);
    const foreign = Buffer.allocUnsafeSlow(LIMITS.batchBytes);
    buffers.giveBack(foreign);
    expect(buffers.join([bytes('x'.repeat(LARGE))]).buffer).not.toBe(foreign.buffer);
  });
});
