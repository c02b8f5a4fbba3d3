/**
 * What a heartbeat says in `acked_through`, of a runner that has several batches on their way at once and begins them in order: no line
 * up to it is on its way any more. Each of them is stored, or was refused for good and is left to the safety lane.
 * `highest` is the last line of the highest batch that was acknowledged, 0 when none was.
 */
export function ackedThrough(highest: number, underWay: Iterable<{ readonly from: number }>): number {
  let through = highest;
  for (const { from } of underWay) through = Math.min(through, from - 1);
  return through;
}
