import { runHistory, type HistoryResult } from './history.ts';
import type { HistoryOptions } from './world.ts';

/** A failing history made as small as it gets, and what is left of it. */
export interface Shrunk {
  readonly options: HistoryOptions;
  readonly result: HistoryResult;
  readonly tries: number;
}

/**
 * Takes away, as long as the same invariant still breaks: whole runs first, then whole kinds of strange choices, then ever smaller parts of what is
 * left, single ones last.
 */
export async function shrink(options: HistoryOptions, failed: HistoryResult, maxTries = 600): Promise<Shrunk> {
  const invariant = failed.violation?.invariant;
  let best = failed;
  let leftOut: ReadonlySet<string> = new Set();
  let tries = 0;

  async function leavingOut(label: string): Promise<void> {
    if (leftOut.has(label)) return;
    tries += 1;
    const fewer = new Set([...leftOut, label]);
    const result = await runHistory({ ...options, leftOut: fewer, kept: new Set(best.strange) });
    if (result.violation?.invariant !== invariant) return;
    best = result;
    leftOut = fewer;
  }

  async function without(dropped: ReadonlySet<string>): Promise<boolean> {
    if (tries >= maxTries) return false;
    tries += 1;
    const kept = new Set(best.strange.filter((name) => !dropped.has(name)));
    const result = await runHistory({ ...options, leftOut, kept });
    if (result.violation?.invariant !== invariant) return false;
    // Leaving one choice out may bring others up; only what is really smaller is a step forward.
    if (result.strange.length >= best.strange.length) return false;
    best = result;
    return true;
  }

  for (const label of ['run 1', 'run 2', 'run 3']) await leavingOut(label);
  for (const kind of new Set(best.strange.map(kindOf))) {
    await without(new Set(best.strange.filter((name) => kindOf(name) === kind)));
  }
  for (const label of ['run 1', 'run 2', 'run 3']) await leavingOut(label);
  for (let size = best.strange.length >> 1; size >= 1;) {
    let isSmaller = false;
    for (let at = 0; at < best.strange.length;) {
      const part = new Set(best.strange.slice(at, at + size));
      if (await without(part)) isSmaller = true;
      else at += size;
    }
    if (!isSmaller || size > 1) size = size > 1 ? size >> 1 : 0;
  }
  return { options: { ...options, leftOut, kept: new Set(best.strange) }, result: best, tries };
}

/** `store-slow: server/2 store get 7` is of the kind `store-slow`; `run 1 write 3` of the kind `write`. */
function kindOf(name: string): string {
  const [fault, place] = name.split(':');
  return place === undefined ? name.replaceAll(/run \d+|\d+/g, '').trim() : (fault ?? name);
}
