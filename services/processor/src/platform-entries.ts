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
  type Execution,
  type PlatformEntry,
} from '@runvoy/core';
import type { EventDeps } from './deps.ts';

type About = Promise<Execution | undefined>;

/**
 * Takes in one entry of the platform's log, whichever way it came. That something happened to an execution makes us look at it;
 * what its runner has signed is stored as the runner's; everything else a container printed is kept apart, and never in the log.
 * Answers which run it told the end of, or at which it made us look.
 */
export async function takePlatformEntry(deps: EventDeps, data: unknown): About {
  const entry = deps.readPlatformEntry?.(data) ?? { kind: 'foreign' };
  return TAKERS[entry.kind](deps, entry as never);
}

type Takers = {
  readonly [Kind in PlatformEntry['kind']]: (deps: EventDeps, entry: Extract<PlatformEntry, { kind: Kind }>) => About;
};

const TAKERS: Takers = {
  execution_changed: look,
  output: takeOutput,
  system: async (deps, entry) => {
    await notePlatformEntry(deps, entry);
    return undefined;
  },
  foreign: async () => undefined,
};

async function look(deps: EventDeps, entry: Extract<PlatformEntry, { kind: 'execution_changed' }>): About {
  const { execution_id: id, platform_execution } = entry;
  // Without a name of ours the next tick finds out: it looks at everything that is not over.
  if (id === undefined) {
    deps.logger.debug('an entry names no execution of ours', { platform_execution });
    return undefined;
  }
  try {
    const execution = await lookAndStart(deps, id, (error, about) =>
      deps.logger.warn('a start failed', { about, error }),
    );
    if (needsFinishing(execution, deps.jobs)) await drainOutbox(deps);
    return execution;
  } catch (error) {
    // Another deployment may share the project.
    if (!isFailure(error, 'EXECUTION_NOT_FOUND')) throw error;
    deps.logger.debug('an entry is about an execution of somebody else', { id, platform_execution });
    return undefined;
  }
}

async function takeOutput(deps: EventDeps, entry: Extract<PlatformEntry, { kind: 'output' }>): About {
  const { printed } = entry;
  const kind = isLaneEntry(printed) ? await takeLaneEntry(deps, printed) : 'unsigned';
  if (kind === 'unsigned') {
    await notePlatformEntry(deps, entry);
    return undefined;
  }
  deps.marks?.measured(entry.at_ms);
  if (kind !== 'finished' || !isLaneEntry(printed)) return undefined;
  const execution = (await deps.records.get(executionRef(printed.execution_id)))?.value;
  // Where the platform's end came first, this report was the end.
  if (execution) {
    await admitAfter(deps, execution, (error, about) => deps.logger.warn('a start failed', { about, error }));
  }
  return execution;
}
