/** What the process says to who started it. A run's own code is passed on besides. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  timeout: 124,
  /** `run` itself failed, or left before the outcome was known. */
  unknown: 125,
  stopped: 130,
} as const;
