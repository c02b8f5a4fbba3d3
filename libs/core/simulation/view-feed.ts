import type { LiveFeed } from '../src/logs/live-feed.ts';
import type { Instance } from './instance.ts';
import type { StoreWatch } from './store-watch.ts';

const PLAIN_MS = 30;
const LATE_MS = 20_000;
const BREAKS_WITHIN_MS = 30_000;
const AGAIN_MS = 1_000;

/**
 * The watch that a live view holds on a run: everything is told, at least once, in whatever order, maybe late; or the watch breaks and
 * nothing more is told. What is stored it learns from the commits themselves.
 */
export function viewFeed(instance: Instance, store: StoreWatch): LiveFeed {
  const { world } = instance;
  return {
    open(executionId, after, listener) {
      const run = world.runs.get(executionId)!;
      const name = `${instance.name} feed of ${run.label}`;
      const nth = world.nth(name);
      if (nth > 1) world.reach('feed-again');
      const told = new Set<number>();
      let isOpen = true;
      let toldState: object | undefined;
      const listeners = store.listeners.get(run.id) ?? new Set();
      store.listeners.set(run.id, listeners);
      const close = () => {
        isOpen = false;
        listeners.delete(look);
      };
      const tell = (where: string, work: () => void) => {
        const wait = world.delay('feed-late', `${name} ${nth} ${where}`, PLAIN_MS, LATE_MS);
        const deliver = () => {
          if (!isOpen || !instance.isAlive) return;
          if (world.isCut('live view and store')) return void world.after(AGAIN_MS, deliver);
          world.stillness.stir();
          work();
        };
        world.after(wait, deliver);
      };
      const look = () => {
        for (const [from, chunk] of run.chunks) {
          if (told.has(from) || run.removed.has(from) || chunk.through <= after) continue;
          told.add(from);
          tell(`lines ${from}`, () => listener.chunk(chunk));
          if (world.strikes('feed-twice', `${name} ${nth} lines ${from}`)) {
            tell(`lines ${from} again`, () => listener.chunk(chunk));
          }
        }
        const state = run.execution;
        if (!state || state === toldState) return;
        toldState = state;
        // States are told in order: a watch on one record never goes back.
        tell('state', () => run.execution && listener.execution(run.execution));
      };
      listeners.add(look);
      look();
      if (world.strikes('feed-breaks', `${name} ${nth}`)) {
        world.after(world.choices.whole(`${name} ${nth} breaks`, 3_000, 10, BREAKS_WITHIN_MS), () => {
          if (!isOpen || !instance.isAlive) return;
          close();
          world.trace.step(`the ${name} breaks`);
          world.stillness.stir();
          listener.failed(new Error('the watch broke'));
        });
      }
      return close;
    },
  };
}
