import { GrowingDigests } from '../src/logs/growing-digests.ts';
import type { World } from './world.ts';

/** Every instance has its own, also where several store parts of one log: then none has the whole, and none may say so. */
export class WatchedDigests extends GrowingDigests {
  readonly #world: World;

  constructor(world: World) {
    super();
    this.#world = world;
  }

  override async proves(...asked: Parameters<GrowingDigests['proves']>): Promise<boolean> {
    const isProven = await super.proves(...asked);
    if (isProven) this.#world.reach('proven-as-it-grew');
    return isProven;
  }
}
