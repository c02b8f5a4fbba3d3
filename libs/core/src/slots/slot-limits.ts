import type { Execution } from '../executions/execution.ts';
import type { Slots } from './slots.ts';

/** How many runs may be under way at once; 0 = no limit. */
export interface SlotLimits {
  readonly deployment: number;
  readonly user: number;
  /** Of one image, unless the image carries a limit of its own. */
  readonly image: number;
  /** How long a run may wait for its slot, seconds. */
  readonly queue_timeout_s: number;
}

export const NO_LIMITS: SlotLimits = { deployment: 0, user: 0, image: 0, queue_timeout_s: 3_600 };

/** Which limit a run meets, in the words of the wire. */
export type LimitName = 'deployment' | 'user' | 'image' | 'key';

/** Whose limits a run meets. */
export type Slotted = Pick<Execution, 'created_by' | 'image_id' | 'image_max_running' | 'key_limit'>;

/** False when no limit can ever hold this run up: nothing is counted then, and nothing is stored. */
export function needsSlot(limits: SlotLimits, run: Slotted): boolean {
  if (limits.deployment > 0 || limits.user > 0) return true;
  return limitOf(limits, 'image', run) > 0 || limitOf(limits, 'key', run) > 0;
}

/** What the limit is for this run; 0 = none. An image's own limit wins over the deployment's for images; a key has only its own. */
export function limitOf(limits: SlotLimits, name: LimitName, run: Slotted): number {
  if (name === 'key') return run.key_limit?.max_running ?? 0;
  return name === 'image' ? (run.image_max_running ?? limits.image) : limits[name];
}

/** The widest limit that has no room for this run now; `undefined` when it may start. */
export function limitReached(slots: Slots, limits: SlotLimits, run: Slotted): LimitName | undefined {
  const held: Record<LimitName, number> = {
    deployment: slots.holders.length,
    user: slots.holders.filter(({ user }) => user === run.created_by).length,
    image: slots.holders.filter(({ image_id }) => image_id === run.image_id).length,
    key: slots.holders.filter(({ key }) => key !== undefined && key === run.key_limit?.key_id).length,
  };
  return (['deployment', 'user', 'image', 'key'] as const).find((name) => {
    const limit = limitOf(limits, name, run);
    return limit > 0 && held[name] >= limit;
  });
}

/** As the configuration of a deployment names them. */
export interface SlotSettings {
  readonly maxRunning: number;
  readonly maxRunningPerUser: number;
  readonly maxRunningPerImage: number;
  readonly queueTimeoutS: number;
}

export function slotLimits(settings: SlotSettings): SlotLimits {
  return {
    deployment: settings.maxRunning,
    user: settings.maxRunningPerUser,
    image: settings.maxRunningPerImage,
    queue_timeout_s: settings.queueTimeoutS,
  };
}
