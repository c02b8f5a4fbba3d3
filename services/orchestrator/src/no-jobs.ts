import type { JobRunner } from '@runvoy/core';

/** The platform of a server that has none: it starts nothing and says so, and knows nothing of what others started. */
export function noJobs(why: string): JobRunner {
  return {
    isolations: ['process'],
    longestGraceMs: Number.POSITIVE_INFINITY,
    start: async () => ({ outcome: 'rejected', reason: 'no_runner', details: why }),
    look: async () => {
      throw new Error(why);
    },
    cancel: async () => {
      throw new Error(why);
    },
    readSafetyLane: async () => {
      throw new Error(why);
    },
    list: async () => {
      throw new Error(why);
    },
    forget: async () => undefined,
  };
}
