/** What one stage of `npm test` found. */
export type StageResult = {
  passed: number;
  failed: number;
  /** Full names of the tests that did not run; the reason stands in the title. */
  skipped: string[];
  /** What to show of it, beside the counts. */
  output?: string;
  /** Why the stage had nothing to do. */
  idle?: string;
};

/** One stage of `npm test`. `args` are what the caller wrote behind the stage's name. */
export type Stage = { name: string; run: (args: string[]) => Promise<StageResult> };
