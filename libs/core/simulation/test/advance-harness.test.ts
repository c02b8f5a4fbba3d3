import { expect, test } from '@jest/globals';
import { tryAdvance } from '../advance-harness.ts';

test('whatever evidence comes, in whatever order, a run only climbs and ends once', () => {
  expect(tryAdvance(1, 50_000)).toBeUndefined();
});
