/** What the process says to who started it. A run's own code is passed on besides. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** Of a search, as with grep: it found nothing, and it failed. */
  notFound: 1,
  searchFailed: 2,
  timeout: 124,
  /** `run` itself failed, or left before the outcome was known. */
  unknown: 125,
  stopped: 130,
  /** A second signal cut the wait for the end of a stopped run short: 128 and the signal's number. */
  interrupted: 130,
  terminated: 143,
} as const;
