import { describe, expect, test } from '@jest/globals';
import { exploreRunLife } from '../run-life-model.ts';
import { SMALL_LIFE_MODELS } from '../run-life/life-models.ts';
import type { LifeModel } from '../run-life/life-state.ts';

const titled = (model: LifeModel) => [`${model.platform}, grace ${model.grace_ms / 1000} s`, model] as const;

describe('in every order in which the life of one run can happen', () => {
  test.each(SMALL_LIFE_MODELS.map(titled))(
    'nothing breaks that must hold, and a true end can be reached (%s)',
    async (_, model) => {
      const { broken, states, edges } = await exploreRunLife(model);
      expect(broken).toEqual([]);
      // Fewer would mean that something no longer happens at all.
      expect(states).toBeGreaterThan(3_000);
      expect(edges).toBeGreaterThan(3 * states);
    },
  );
});

test('the same model is explored the same way twice', async () => {
  const [model] = SMALL_LIFE_MODELS;
  const first = await exploreRunLife(model!);
  expect(await exploreRunLife(model!)).toEqual(first);
});
