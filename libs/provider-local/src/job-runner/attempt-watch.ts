import type { AttemptRef, Clock, PlatformEnd, PlatformView } from '@runvoy/core';
import { attemptOf, keyOf } from './attempt-key.ts';
import { removeContainers } from './container-engine.ts';
import type { RepeatedWarnings } from './repeated-warning.ts';
import { type Attempt, type EndFile, RULED_OUT, type RunFiles, type SupervisorFile } from './run-files.ts';
import { type Remains, endRemains, findMarked, findRemains, livingSupervisor, signalSame } from './run-remains.ts';

/** An attempt that was seen to have begun and not to have ended. */
interface Watched extends Attempt {
  /** As it was first seen: the command may take the file away, and stays what it is. */
  supervisor?: SupervisorFile;
  isUnwatchedTold: boolean;
}

/** A cancel that was asked for. */
interface Stop {
  readonly graceMs: number;
  /** When a supervisor that still lives is killed. */
  readonly killAt: number;
}

/** How long an order may be on its way: between the record that announces it and `start`, or in the pipe of a dead spawner. */
const ON_ITS_WAY_MS = 15_000;
/**
 * What a supervisor gets after the grace to tell all it has to tell, before it is taken to hang: it reads the last of the output
 * for some seconds and keeps on delivering for one minute.
 */
const HANGS_MS = 90_000;

/** Sees to attempts that have begun: whether they live, how they ended, and that they end when that was asked for. */
export interface AttemptWatch {
  has(key: string): boolean;
  /** From now on its end is noticed. */
  watch(attempt: Attempt, supervisor?: SupervisorFile): void;
  unwatch(key: string): void;
  /** What was asked of an attempt that never was is asked of nobody. */
  dropStop(attempt: Attempt): void;
  /** An order for it has come: it is not absent any more. */
  expect(key: string): void;
  checkOn(key: string): Promise<void>;
  /** One round over all of them; what cannot be looked at is warned of, and looked at in the next. */
  checkAll(): Promise<void>;
  /** From memory first: the command may have taken the file away. */
  supervisorOf(attempt: Attempt): Promise<SupervisorFile | undefined>;
  endOf(attempt: Attempt): Promise<EndFile | undefined>;
  look(attempt: Attempt): Promise<PlatformView>;
  cancel(attempt: Attempt, graceMs: number): Promise<void>;
}

/** What the platform calls an attempt here. */
export const nameOf = (attempt: Pick<AttemptRef, 'execution_id' | 'attempt'>) => `local/${keyOf(attempt)}`;

/** Begins with what earlier servers left behind. */
export async function openAttemptWatch({
  files,
  clock,
  warnings,
  engineEnv,
  isQueued,
  onEnded,
  closing,
}: {
  readonly files: RunFiles;
  readonly clock: Clock;
  readonly warnings: RepeatedWarnings;
  readonly engineEnv: Readonly<Record<string, string>>;
  /** True while an order to start it waits. */
  readonly isQueued: (attempt: Attempt) => boolean;
  readonly onEnded: (executionId: string) => void;
  readonly closing: AbortSignal;
}): Promise<AttemptWatch> {
  const watched = new Map<string, Watched>();
  const endings = new Map<string, { killAt: number }>();
  const stops = new Map<string, Stop>();
  const firstAbsent = new Map<string, number>();

  for (const attempt of await files.list()) {
    try {
      const supervisor = await unsettledSupervisor(attempt);
      if (!supervisor) continue;
      watch(attempt, supervisor);
      const stop = await files.read(attempt, 'stop.json');
      if (stop) expectEnd(attempt, stop.grace_ms);
    } catch (error) {
      // One run that cannot be looked at must not keep the server from all others.
      warnings.warn(keyOf(attempt), error, 'an attempt could not be looked at');
      watch(attempt);
    }
  }

  function watch(of: Attempt, supervisor?: SupervisorFile): void {
    const key = keyOf(of);
    const attempt = watched.get(key) ?? { ...attemptOf(key), isUnwatchedTold: false };
    watched.set(key, attempt);
    if (supervisor) attempt.supervisor ??= supervisor;
  }

  function unwatch(key: string): boolean {
    stops.delete(key);
    return watched.delete(key);
  }

  async function checkAll(): Promise<void> {
    for (const key of watched.keys()) {
      try {
        await checkOn(key);
        warnings.clear(key);
      } catch (error) {
        warnings.warn(key, error, 'an attempt could not be looked at');
      }
    }
  }

  async function checkOn(key: string): Promise<void> {
    const attempt = watched.get(key);
    if (!attempt) return;
    const supervisor = await supervisorOf(attempt);
    const living = supervisor && livingSupervisor(supervisor);
    const stop = stops.get(key);
    if (living) {
      // It obeys no signal any more. The next round ends what it leaves.
      if (stop && clock.now() >= stop.killAt) signalSame(living, 'SIGKILL');
      return;
    }
    const view = await look(attempt);
    if (view.state === 'alive') {
      if (!attempt.isUnwatchedTold) onEnded(attempt.execution_id);
      attempt.isUnwatchedTold = true;
      // The command has the whole grace: the supervisor may have died before it told it anything.
      if (stop && !endings.has(key)) endUnwatched(attempt, stop.graceMs);
    } else if (unwatch(key)) onEnded(attempt.execution_id);
  }

  /** From memory first: the command may have taken the file away. */
  async function supervisorOf(attempt: Attempt): Promise<SupervisorFile | undefined> {
    return watched.get(keyOf(attempt))?.supervisor ?? files.read(attempt, 'supervisor.json');
  }

  async function unsettledSupervisor(attempt: Attempt): Promise<SupervisorFile | undefined> {
    const supervisor = await files.read(attempt, 'supervisor.json');
    if (!supervisor?.pid) return undefined;
    return (await files.read(attempt, 'ended.json')) && !livingSupervisor(supervisor) ? undefined : supervisor;
  }

  async function endOf(attempt: Attempt): Promise<EndFile | undefined> {
    return (await files.read(attempt, 'exit.json')) ?? files.read(attempt, 'ended.json');
  }

  function expectEnd(attempt: Attempt, graceMs: number): void {
    const killAt = clock.now() + graceMs + HANGS_MS;
    const earlier = stops.get(keyOf(attempt));
    if (!earlier || killAt < earlier.killAt) stops.set(keyOf(attempt), { graceMs, killAt });
  }

  async function look(attempt: Attempt): Promise<PlatformView> {
    const platform_execution = nameOf(attempt);
    const supervisor = await supervisorOf(attempt);
    if (!supervisor && isQueued(attempt)) return { state: 'starting', platform_execution };
    if (!supervisor?.pid) {
      const ended = await endOf(attempt);
      if (ended) return { state: 'ended', end: { platform_execution, ...ended } };
      return supervisor ? { state: 'absent', never: true } : lookAtAbsent(attempt);
    }
    const remains = await findRemains(files, attempt, supervisor, engineEnv);
    if (remains.supervisor || remains.processes.length + remains.containers.length > 0) {
      return { state: 'alive', platform_execution, unwatched: !remains.supervisor };
    }
    return { state: 'ended', end: await settledEnd(attempt, platform_execution) };
  }

  async function lookAtAbsent(attempt: Attempt): Promise<PlatformView> {
    const key = keyOf(attempt);
    const since = firstAbsent.get(key) ?? clock.now();
    firstAbsent.set(key, since);
    if (clock.now() - since < ON_ITS_WAY_MS) return { state: 'absent', never: false };
    if (findMarked(attempt).length > 0) {
      // It took its directory away before this server saw it.
      return { state: 'alive', platform_execution: nameOf(attempt), unwatched: true };
    }
    await files.make(attempt);
    const { pid } = await files.settle(attempt, 'supervisor.json', RULED_OUT);
    firstAbsent.delete(key);
    return pid === RULED_OUT.pid ? { state: 'absent', never: true } : look(attempt);
  }

  /** The end as it was first seen: the time of an end that nobody wrote down must not move with each look. */
  async function settledEnd(attempt: Attempt, platform_execution: string): Promise<PlatformEnd> {
    const exit = await files.read(attempt, 'exit.json');
    // The command may have taken the directory away; what is not watched any more may have been forgotten.
    if (!exit && watched.has(keyOf(attempt))) await files.make(attempt);
    if (exit) return { platform_execution, ...exit };
    const isCancelled = stops.has(keyOf(attempt)) || (await files.read(attempt, 'stop.json')) !== undefined;
    const ended = await files.settle(attempt, 'ended.json', {
      at_ms: clock.now(),
      reason: 'lost',
      kind: isCancelled ? 'cancelled' : 'exited',
      details: 'The runner died before it could say how the command ended.',
    });
    return { platform_execution, ...ended };
  }

  async function cancel(attempt: Attempt, graceMs: number): Promise<void> {
    const supervisor = await supervisorOf(attempt);
    if (!supervisor && !isQueued(attempt)) {
      if (findMarked(attempt).length > 0) endUnwatched(attempt, graceMs);
      return;
    }
    if (supervisor && (await look(attempt)).state !== 'alive') return;
    await files.make(attempt);
    const stop = await files.read(attempt, 'stop.json');
    if (!stop || graceMs < stop.grace_ms) await files.write(attempt, 'stop.json', { grace_ms: graceMs });
    expectEnd(attempt, graceMs);
    // Read again: it may have begun since, and looks for stop.json once it has.
    const begun = await supervisorOf(attempt);
    if (!begun) return;
    const living = livingSupervisor(begun);
    if (living) signalSame(living, 'SIGTERM');
    else endUnwatched(attempt, graceMs);
  }

  function endUnwatched(attempt: Attempt, graceMs: number): void {
    const key = keyOf(attempt);
    const killAt = clock.now() + graceMs;
    const going = endings.get(key);
    if (going) {
      going.killAt = Math.min(going.killAt, killAt);
      return;
    }
    const ending = { killAt };
    endings.set(key, ending);
    watch(attempt);
    const find = async (): Promise<Remains> => {
      const supervisor = await supervisorOf(attempt);
      if (supervisor) return findRemains(files, attempt, supervisor, engineEnv);
      return { supervisor: undefined, processes: findMarked(attempt), containers: [] };
    };
    const remove = async (ids: readonly string[]): Promise<void> => {
      const command = (await supervisorOf(attempt))?.engine;
      if (command) await removeContainers({ command, env: engineEnv }, ids);
    };
    void endRemains(find, remove, clock, () => ending.killAt, closing)
      .catch((error: unknown) => warnings.warn(key, error, 'what a supervisor left could not be ended'))
      .finally(() => endings.delete(key))
      .then(() => (closing.aborted ? undefined : checkOn(key)))
      .catch((error: unknown) => warnings.warn(key, error, 'an attempt could not be looked at'));
  }

  return {
    has: (key) => watched.has(key),
    watch,
    unwatch,
    dropStop: (attempt) => void stops.delete(keyOf(attempt)),
    expect: (key) => void firstAbsent.delete(key),
    checkOn,
    checkAll,
    supervisorOf,
    endOf,
    look,
    cancel,
  };
}
