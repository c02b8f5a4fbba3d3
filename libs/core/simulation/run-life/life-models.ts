import type { LifeModel } from './life-state.ts';

const none = { crashes: 0, losses: 0, deaths: 0 };
const one = { crashes: 1, losses: 1, deaths: 1 };
const two = { crashes: 2, losses: 2, deaths: 2 };

const CLOUD = { platform: 'cloud', grace_ms: 10_000, looksTakeTime: true, ghosts: false } as const;
const LOCAL = { platform: 'local', grace_ms: 10_000, looksTakeTime: true, ghosts: false } as const;

/**
 * Both platforms; in the cloud a grace that its own cancel honours, and one for which the runner has to be told. The last model is of a
 * machine that breaks its word and starts what it had ruled out: two runners may live then, and still only one has the command.
 */
export const LIFE_MODELS: readonly LifeModel[] = [
  { ...CLOUD, budget: two },
  { ...CLOUD, grace_ms: 20_000, budget: two },
  { ...LOCAL, budget: one },
  { ...LOCAL, looksTakeTime: false, ghosts: true, budget: one },
];

/** The same with fewer faults at once, in seconds. */
export const SMALL_LIFE_MODELS: readonly LifeModel[] = [
  { ...CLOUD, budget: one },
  { ...CLOUD, grace_ms: 20_000, budget: { ...none, losses: 1 } },
  { ...LOCAL, budget: { ...none, losses: 1, deaths: 1 } },
  { ...LOCAL, looksTakeTime: false, budget: one },
];
