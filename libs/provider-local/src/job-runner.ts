import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  AttemptRef,
  Clock,
  JobRunner,
  PlatformEnd,
  PlatformListing,
  PlatformView,
  StartOrder,
} from '@runvoy/core';
import { attemptOf, keyOf } from './job-runner/attempt-key.ts';
import { type ContainerEngine, engineEnvironment, removeContainers } from './job-runner/container-engine.ts';
import type { LocalIsolation } from './job-runner/isolation-level.ts';
import { openRepeatedWarnings } from './job-runner/repeated-warning.ts';
import { type Attempt, type EndFile, RULED_OUT, type SupervisorFile, openRunFiles } from './job-runner/run-files.ts';
import {
  type Remains,
  endRemains,
  findMarked,
  findRemains,
  livingSupervisor,
  signalSame,
} from './job-runner/run-remains.ts';
import type { SpawnReport } from './job-runner/spawn-orders.ts';
import { openSpawnerLink } from './job-runner/spawner-link.ts';
import { openStartQueue } from './job-runner/start-queue.ts';

/** What the local job runner is made of. */
export interface LocalJobRunnerOptions {
  /** Runs live in `runs/` below it. */
  readonly dataDir: string;
  /** Path of the Unix socket, or URL, where supervisors find the intake. */
  readonly intakeSocket: string;
  /** `main.ts` of `jobs/sandbox-runner`. */
  readonly runnerMain: string;
  readonly clock: Clock;
  /**
   * A hint to look at an execution: its attempt ended, or its supervisor died and left a command behind. Called once for each
   * of the two.
   */
  readonly onEnded: (executionId: string) => void;
  /** The server's environment; commands see PATH, HOME, USER and LANG of it. */
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  /** What keeps runs apart here, as `chooseIsolation` found it; `others` and `process` besides, for who names them. */
  readonly isolation?: LocalIsolation;
  readonly others?: readonly LocalIsolation[];
  /** The engine of isolation `container`. */
  readonly engine?: ContainerEngine;
  readonly logger?: { warn(details: object, message: string): void };
}

export interface LocalJobRunner extends JobRunner, AsyncDisposable {
  /** Of the process that starts supervisors; undefined while it is being started again. */
  readonly spawnerPid: number | undefined;
}

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

const WATCH_MS = 500;
/** How long an order may be on its way: between the record that announces it and `start`, or in the pipe of a dead spawner. */
const ON_ITS_WAY_MS = 15_000;
/**
 * What a supervisor gets after the grace to tell all it has to tell, before it is taken to hang: it reads the last of the output
 * for some seconds and keeps on delivering for one minute.
 */
const HANGS_MS = 90_000;

/** Runs each attempt under a supervisor of its own, which outlives this process and is found again by the next. */
export async function openLocalJobRunner(options: LocalJobRunnerOptions): Promise<LocalJobRunner> {
  const { clock, engine, isolation: level = 'process', others = [] } = options;
  const isolations = [...new Set<LocalIsolation>([level, ...others, 'process'])];
  const runs = join(options.dataDir, 'runs');
  await mkdir(runs, { recursive: true, mode: 0o700 });
  const files = openRunFiles(runs);
  const engineEnv = engineEnvironment(options.hostEnv);
  const hostEnv = pick(options.hostEnv, ['PATH', 'HOME', 'USER', 'LANG']);
  const warnings = openRepeatedWarnings(clock, options.logger);
  const watched = new Map<string, Watched>();
  const endings = new Map<string, { killAt: number }>();
  const stops = new Map<string, Stop>();
  const firstAbsent = new Map<string, number>();
  const closing = new AbortController();

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

  const spawner = openSpawnerLink({
    runnerMain: options.runnerMain,
    poolDirectory: join(options.dataDir, 'supervisors'),
    env: {
      // A server that is itself part of a run passes the marker on, so that the end of that run reaches all of this.
      ...pick(options.hostEnv, ['PATH', 'RUNVOY_EXECUTION_ID']),
      // Saves each supervisor a third of its memory and half of its start: what removes the types is not loaded.
      NODE_COMPILE_CACHE: join(options.dataDir, 'compile-cache'),
    },
    // What could not be done now is done by the watch.
    onReport: (report) =>
      void hear(report).catch((error: unknown) => warnings.warn(report.key, error, 'a report could not be followed')),
    onRestarted() {
      queue.repeat();
      void queue.check();
    },
  });
  const queue = openStartQueue({
    files,
    clock,
    warnings,
    spawnerPid: () => spawner.pid,
    send: (order) => send(order),
    async onBegun(attempt, supervisor) {
      watch(attempt, supervisor);
      await checkOn(keyOf(attempt));
    },
    onNeverStarted(attempt) {
      stops.delete(keyOf(attempt));
      options.onEnded(attempt.execution_id);
    },
  });
  const watching = keepWatching();

  function send(order: StartOrder): void {
    const { execution_id, attempt, token, isolation, image, cpu, memory_mib, network } = order;
    spawner.send({
      key: keyOf(order),
      order: {
        execution_id,
        attempt,
        token,
        isolation,
        image,
        cpu,
        memory_mib,
        ...(network && { network }),
        ...(isolation === 'container' && engine && { engine }),
        intake_socket: options.intakeSocket,
        run_dir: files.directory(order),
        host_env: hostEnv,
      },
    });
  }

  async function hear(report: SpawnReport): Promise<void> {
    if (watched.has(report.key)) await checkOn(report.key);
    else await queue.hear(report);
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

  /** Supervisors of an earlier server, or of a spawner that died, have nobody who waits for them. */
  async function keepWatching(): Promise<void> {
    while (!closing.signal.aborted) {
      await queue.check();
      for (const key of watched.keys()) {
        try {
          await checkOn(key);
          warnings.clear(key);
        } catch (error) {
          warnings.warn(key, error, 'an attempt could not be looked at');
        }
      }
      await clock.sleep(WATCH_MS, closing.signal);
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
      if (!attempt.isUnwatchedTold) options.onEnded(attempt.execution_id);
      attempt.isUnwatchedTold = true;
      // The command has the whole grace: the supervisor may have died before it told it anything.
      if (stop && !endings.has(key)) endUnwatched(attempt, stop.graceMs);
    } else if (unwatch(key)) options.onEnded(attempt.execution_id);
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
    if (!supervisor && queue.has(attempt)) return { state: 'starting', platform_execution };
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
      details: 'The supervisor died before it could say how the command ended.',
    });
    return { platform_execution, ...ended };
  }

  async function cancel(attempt: Attempt, graceMs: number): Promise<void> {
    const supervisor = await supervisorOf(attempt);
    if (!supervisor && !queue.has(attempt)) {
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
    void endRemains(find, remove, clock, () => ending.killAt, closing.signal)
      .catch((error: unknown) => warnings.warn(key, error, 'what a supervisor left could not be ended'))
      .finally(() => endings.delete(key))
      .then(() => (closing.signal.aborted ? undefined : checkOn(key)))
      .catch((error: unknown) => warnings.warn(key, error, 'an attempt could not be looked at'));
  }

  return {
    isolations,
    shortcomings: {
      process: ['cpu', 'memory', 'no_network'],
      bubblewrap: ['cpu', 'memory'],
      container: (['cpu', 'memory'] as const).filter((limit) => !engine?.enforces.includes(limit)),
    },
    longestGraceMs: Infinity,
    nameOf,
    get spawnerPid() {
      return spawner.pid;
    },
    async start(order) {
      if (!isolations.some((isolation) => isolation === order.isolation)) {
        const details = `This server has isolation ${isolations.join(' and ')}, not ${order.isolation}.`;
        return { outcome: 'rejected', reason: 'isolation', details };
      }
      const key = keyOf(order);
      const platform_execution = nameOf(order);
      files.directory(order);
      if (queue.has(order) || watched.has(key)) return { outcome: 'started', platform_execution };
      // In the queue before anything is awaited: a look in between must not rule it out.
      queue.reserve(order);
      firstAbsent.delete(key);
      try {
        const [taken, end] = await Promise.all([files.read(order, 'supervisor.json'), endOf(order)]);
        const isOver = end !== undefined;
        if (taken || isOver) queue.delete(order);
        if (isOver || taken?.pid) return { outcome: 'started', platform_execution };
        if (taken) {
          const details = 'A look found this attempt absent for too long; another attempt takes its place.';
          return { outcome: 'rejected', reason: 'ruled_out', details };
        }
      } catch (error) {
        queue.delete(order);
        throw error;
      }
      queue.hand(order);
      return { outcome: 'started', platform_execution };
    },
    look: (attempt) => look(attempt),
    cancel: (attempt, order) => cancel(attempt, order.grace_ms),
    async readSafetyLane(attempt) {
      const supervisor = await supervisorOf(attempt);
      // Asked before reading: what a writer adds that dies in between would be missed and called final.
      const final = supervisor ? !livingSupervisor(supervisor) : !queue.has(attempt);
      return { entries: files.spool(attempt), final };
    },
    async list({ after, limit }) {
      const all = (await files.list()).map((attempt) => ({ attempt, cursor: cursorOf(attempt) }));
      const page = all.filter(({ cursor }) => after === undefined || cursor > after).slice(0, limit + 1);
      const executions: PlatformListing[] = [];
      for (const { attempt } of page.slice(0, limit)) {
        const state = await look(attempt).then(
          (view) => view.state,
          (error: unknown) => {
            warnings.warn(keyOf(attempt), error, 'an attempt could not be looked at');
            return 'unknown';
          },
        );
        if (state === 'absent') continue;
        executions.push({ ...attempt, platform_execution: nameOf(attempt), ended: state === 'ended' });
      }
      return page.length > limit ? { executions, next: page[limit - 1]!.cursor } : { executions };
    },
    async forget(executionId) {
      for (const attempt of await files.list(executionId)) {
        const view = await look(attempt);
        if (view.state === 'alive' || view.state === 'starting') {
          throw new Error(`${nameOf(attempt)} is ${view.state} and cannot be forgotten`);
        }
        // From the queue too: the spawner's word of its end may still be on the way, and must not make us start it again.
        queue.delete(attempt);
        unwatch(keyOf(attempt));
      }
      await files.remove(executionId);
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await spawner[Symbol.asyncDispose]();
      await watching;
    },
  };
}

const nameOf = (attempt: Pick<AttemptRef, 'execution_id' | 'attempt'>) => `local/${keyOf(attempt)}`;
/** Sorts as the listing does: attempts by number. */
const cursorOf = ({ execution_id, attempt }: Attempt) => `${execution_id}/${String(attempt).padStart(9, '0')}`;

function pick(env: Readonly<Record<string, string | undefined>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
