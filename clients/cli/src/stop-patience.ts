/** What the service promises: a true final state at most this long after the platform knows it. */
const SETTLED_WITHIN_MS = 120_000;
/** Up to this grace the platform is told at once; beyond it, by the first look past the grace, which comes every minute. */
const TOLD_AT_ONCE_MS = 10_000;
const LOOKED_AT_WITHIN_MS = 60_000;

/** The server's own when a run names none; not imported, because a run is handed in before what follows it is read. */
const GRACE_MS = 10_000;

/** How long the end of a stopped run may take where everything works: longer means that somebody has to look. */
export function stopPatienceMs(graceS: number | undefined): number {
  const graceMs = graceS === undefined ? GRACE_MS : graceS * 1000;
  return graceMs + (graceMs > TOLD_AT_ONCE_MS ? LOOKED_AT_WITHIN_MS : 0) + SETTLED_WITHIN_MS;
}
