/** Enough for every unfinished run that a clock has stored which was ahead. */
const REMEMBERED = 10_000;

/** When a stored time was first come upon, which is now unless it was before; all in ms since the epoch. */
export type Sightings = (storedMs: number, nowMs: number) => number;

/** Remembers the first sighting of each of the last ten thousand times. */
export function newSightings(): Sightings {
  const firstMs = new Map<number, number>();
  return (storedMs, nowMs) => {
    const first = firstMs.get(storedMs) ?? nowMs;
    firstMs.set(storedMs, first);
    if (firstMs.size > REMEMBERED) firstMs.delete(firstMs.keys().next().value!);
    return first;
  };
}
