/** What one stage of `npm test` found. */
export type StageResult = {
  passed: number;
  failed: number;
  /** Full names of the tests that did not run; the reason stands in the title. */
  skipped: string[];
  /** Tests that passed only at the second try, each with what failed at the first. */
  retried?: string[];
  /** What to show of it, beside the counts. */
  output?: string;
  /** Why the stage had nothing to do. */
  idle?: string;
};

/** One stage of `npm test`. */
export type Stage = {
  name: string;
  /** Another stage that runs before this one, also when only this one is asked for. */
  needs?: string;
  /** `args` are what the caller wrote behind the stage's name. It does not throw for what it found. */
  run: (args: string[]) => Promise<StageResult>;
};
