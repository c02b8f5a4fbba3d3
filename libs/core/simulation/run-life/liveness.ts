import type { EdgeKind } from './edge.ts';

/** The explored graph, states by number. */
export interface Graph {
  readonly size: number;
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly kinds: readonly EdgeKind[];
}

/** The first state of which `isMeant` is true and from which no way over edges of these kinds leads to one that `isGood`. */
export function firstStuck(
  { size, from, to, kinds }: Graph,
  over: readonly EdgeKind[],
  isGood: (state: number) => boolean,
  isMeant: (state: number) => boolean,
): number | undefined {
  const into: number[][] = Array.from({ length: size }, () => []);
  for (const [index, kind] of kinds.entries()) if (over.includes(kind)) into[to[index]!]!.push(from[index]!);
  const can = new Uint8Array(size);
  const queue: number[] = [];
  const reach = (state: number) => {
    if (can[state] === 1) return;
    can[state] = 1;
    queue.push(state);
  };
  for (let state = 0; state < size; state += 1) if (isGood(state)) reach(state);
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) into[state]!.forEach(reach);
  for (let state = 0; state < size; state += 1) if (can[state] === 0 && isMeant(state)) return state;
  return undefined;
}
