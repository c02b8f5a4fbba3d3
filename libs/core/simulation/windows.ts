/** The stated windows of time (architecture, section 5), once more and apart from the code under test. */
export const WINDOWS = {
  /** After the platform's own completion time either lane may still bring the report. */
  settleMs: 45_000,
  /** A start that no runner came of for so long is given up. */
  startMs: 10 * 60_000,
  /** A stop that is not confirmed so long after its grace is an alarm. */
  stopConfirmedMs: 3 * 60_000,
  /** The same once a stop is stored, counted from the stop. */
  stoppedStartMs: 45_000,
  /** Once nothing of a run lives, and nothing goes wrong any more, it is terminal within this. */
  terminalMs: 120_000,
  /** A cancel that was lost is sent again by the next tick. */
  tickMs: 60_000,
} as const;
