import type { PlatformView } from '../../src/jobs/job-runner.ts';
import { admitAfter } from '../../src/slots/admit-waiting.ts';
import { nameOf } from '../../test/fake-job-runner.ts';
import type { RunWorld } from '../../test/run-world.ts';
import type { ScalePlatform } from './scale-platform.ts';

/** How many of each kind; together what "200 unfinished" means here. */
const RUNNING = 100;
const STARTING = 30;
export const STOPPING = 30;
/** The platform has told of their end, the runner has not: their lanes are read. */
export const UNREPORTED = 20;
/** Over the limit: nothing of them is on the platform. */
export const WAITING = 20;

export const UNFINISHED = RUNNING + STARTING + STOPPING + UNREPORTED + WAITING;

/** Stores runs of every kind that a tick has work with, and has the platform show them. */
export async function storeUnfinished(world: RunWorld, platform: ScalePlatform): Promise<void> {
  world.limit({ deployment: UNFINISHED - WAITING });
  const platform_execution = nameOf(1);
  const alive: PlatformView = { state: 'alive', platform_execution, unwatched: false };
  for (let nth = 0; nth < RUNNING; nth += 1) platform.showsExecution((await world.running()).id, alive);
  for (let nth = 0; nth < STARTING; nth += 1) {
    const { id } = await world.started();
    platform.showsExecution(id, { state: 'starting', platform_execution, waiting_for: 'image_pull' });
  }
  for (let nth = 0; nth < STOPPING; nth += 1) {
    const run = await world.running();
    await run.stop();
    platform.showsExecution(run.id, alive);
  }
  for (let nth = 0; nth < UNREPORTED; nth += 1) {
    const { id } = await world.running();
    const end = { platform_execution, at_ms: world.clock.now(), kind: 'exited' as const };
    platform.showsExecution(id, { state: 'ended', end });
  }
  for (let nth = 0; nth < WAITING; nth += 1) {
    const { execution } = await world.submit();
    await admitAfter(world, execution, (error) => {
      throw error;
    });
  }
}
