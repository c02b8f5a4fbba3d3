import { AWAY_MS, type HistoryPlan } from './plan.ts';
import type { Post } from './instance.ts';
import type { World } from './world.ts';

/** Where instances live that may die: those of the services, and those of the live view, which are the same on one machine. */
interface Mortals {
  readonly posts: readonly Post[];
  readonly viewPosts: readonly Post[];
}

/** Arranges what strikes from outside at its own time: instances die, the platform goes away, the clock jumps. */
export function arrangeStrikes(world: World, plan: HistoryPlan, { posts, viewPosts }: Mortals): void {
  arrangeDeaths(world, posts);
  if (viewPosts !== posts) arrangeViewDeaths(world, viewPosts);
  if (plan.platformAwayMs !== undefined) arrangeAbsence(world, plan.platformAwayMs);
  const { clockJump } = plan;
  if (!clockJump) return;
  world.after(clockJump.atMs, () => setClock(world, posts, clockJump.aheadMs));
  world.after(clockJump.rightMs, () => setClock(world, posts, 0));
}

function arrangeDeaths(world: World, posts: readonly Post[]): void {
  for (const [index, post] of posts.entries()) {
    for (const nth of [1, 2]) {
      const where = `post ${index} death ${nth}`;
      if (!world.strikes('dies-any-time', where)) continue;
      const afterMs = world.choices.whole(`when ${where}`, 1_500, 0, 30_000);
      world.after(afterMs, () => post.living?.die('by chance'));
    }
  }
}

function arrangeViewDeaths(world: World, viewPosts: readonly Post[]): void {
  for (const [index, post] of viewPosts.entries()) {
    const where = `view ${index}`;
    if (!world.strikes('view-dies', where)) continue;
    const afterMs = world.choices.whole(`when ${where} dies`, 6_000, 1_000, 40_000);
    world.after(afterMs, () => post.living?.die('by chance'));
  }
}

function arrangeAbsence(world: World, awayMs: number): void {
  world.after(awayMs, () => {
    world.trace.step('the platform answers no call for ten minutes');
    world.platformBackMs = world.nowMs + AWAY_MS;
    world.after(AWAY_MS, () => world.reach('platform-was-away'));
  });
}

function setClock(world: World, posts: readonly Post[], aheadMs: number): void {
  if (aheadMs === world.clockAheadMs) return;
  const hasMissed = posts.some(({ living }) => living && living.clockSeenAheadMs !== world.clockAheadMs);
  if (world.clockAheadMs < 0 && hasMissed) world.isSomebodyUnaware = true;
  world.wasClockBehind ||= aheadMs < 0;
  world.clockAheadMs = aheadMs;
  world.hasClockJumped = true;
  const where = aheadMs === 0 ? 'is right again' : `is an hour ${aheadMs > 0 ? 'ahead' : 'behind'}`;
  world.trace.step(`the clock of the services ${where}`);
  if (aheadMs !== 0) world.reach(aheadMs > 0 ? 'clock-ahead' : 'clock-behind');
}
