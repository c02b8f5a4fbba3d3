import { LINKS, type Link } from './links.ts';
import type { World } from './world.ts';

/** A time in which something is not to be had: a network between two, or the room on a disk. */
export type Outage = { readonly fromMs: number; readonly forMs: number } & (
  { readonly link: Link } | { readonly disk: 'store' | 'lanes' }
);

const CUT_MS = 30_000;

/** Draws the outages of a history; plainly there are none. Each begins early, while there is something to lose. */
export function planOutages(world: World): readonly Outage[] {
  const { choices } = world;
  const fromMs = (where: string) => choices.whole(`${where} begins`, 4_000, 500, 40_000);
  const cuts = LINKS.filter((link) => world.strikes('network-cut', link)).map((link) => ({
    link,
    fromMs: fromMs(`cut of ${link}`),
    forMs: CUT_MS,
  }));
  const full = (
    [
      ['store', 'store-full'],
      ['lanes', 'spool-full'],
    ] as const
  )
    .filter(([, fault]) => world.strikes(fault, 'once'))
    .map(([disk]) => ({
      disk,
      fromMs: fromMs(`full disk of ${disk}`),
      forMs: choices.whole(`full disk of ${disk} lasts`, 20_000, 1_000, 120_000),
    }));
  return [...cuts, ...full];
}

/** Has an outage come and go in its time. */
export function arrangeOutage(world: World, outage: Outage): void {
  world.after(outage.fromMs, () => {
    if (world.isHealing) return;
    const untilMs = world.nowMs + outage.forMs;
    if ('link' in outage) {
      world.trace.step(`${outage.link} are cut from each other`);
      world.reach('network-was-cut');
      world.cutUntilMs.set(outage.link, untilMs);
    } else {
      world.trace.step(`the disk of the ${outage.disk} is full`);
      world.fullUntilMs[outage.disk] = untilMs;
    }
  });
}
