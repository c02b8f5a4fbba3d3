import { expect, test } from '@jest/globals';
import { warmUp } from '../src/warm-up.ts';

test('warming up reaches the answer of the intake that it plays, and leaves nothing open behind', async () => {
  const before = process.getActiveResourcesInfo().toSorted();
  const reply = await warmUp(Date.now);
  expect(reply).toEqual({ outcome: 'accepted', body: {} });
  await new Promise((resolve) => setImmediate(resolve));
  expect(process.getActiveResourcesInfo().toSorted()).toEqual(before);
});
