import {
  admitAfter,
  drainOutbox,
  executionRef,
  isFailure,
  isLaneEntry,
  lookAndStart,
  needsFinishing,
  notePlatformEntry,
  takeLaneEntry,
  type PlatformEntry,
} from '@runvoy/core';
import type { EventDeps } from './deps.ts';

/**
 * Takes in one entry of the platform's log, whichever way it came. That something happened to an execution makes us look at it;
 * what its runner has signed is stored as the runner's; everything else a container printed is kept apart, and never in the log.
 */
export async function takePlatformEntry(deps: EventDeps, data: unknown): Promise<void> {
  const entry = deps.readPlatformEntry?.(data) ?? { kind: 'foreign' };
  await TAKERS[entry.kind](deps, entry as never);
}

type Takers = {
  readonly [Kind in PlatformEntry['kind']]: (
    deps: EventDeps,
    entry: Extract<PlatformEntry, { kind: Kind }>,
  ) => Promise<void>;
};

const TAKERS: Takers = {
  execution_changed: look,
  output: takeOutput,
  system: notePlatformEntry,
  foreign: async () => undefined,
};

async function look(deps: EventDeps, entry: Extract<PlatformEntry, { kind: 'execution_changed' }>): Promise<void> {
  const { execution_id: id, platform_execution } = entry;
  // Without a name of ours the next tick finds out: it looks at everything that is not over.
  if (id === undefined) return deps.logger.debug('an entry names no execution of ours', { platform_execution });
  try {
    const execution = await lookAndStart(deps, id, (error, about) =>
      deps.logger.warn('a start failed', { about, error }),
    );
    if (needsFinishing(execution, deps.jobs)) await drainOutbox(deps);
  } catch (error) {
    // Another deployment may share the project.
    if (!isFailure(error, 'EXECUTION_NOT_FOUND')) throw error;
    deps.logger.debug('an entry is about an execution of somebody else', { id, platform_execution });
  }
}

async function takeOutput(deps: EventDeps, entry: Extract<PlatformEntry, { kind: 'output' }>): Promise<void> {
  const { printed } = entry;
  const kind = isLaneEntry(printed) ? await takeLaneEntry(deps, printed) : 'unsigned';
  if (kind === 'unsigned') return notePlatformEntry(deps, entry);
  deps.marks?.measured(entry.at_ms);
  if (kind !== 'finished' || !isLaneEntry(printed)) return;
  const execution = (await deps.records.get(executionRef(printed.execution_id)))?.value;
  // Where the platform's end came first, this report was the end.
  if (execution)
    await admitAfter(deps, execution, (error, about) => deps.logger.warn('a start failed', { about, error }));
}
