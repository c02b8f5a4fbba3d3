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
import type { LocalIsolation } from './job-runner/isolation-level.ts';
import { type Attempt, type SupervisorFile, openRunFiles } from './job-runner/run-files.ts';
import { endRemains, findRemains, livingSupervisor, signalSame } from './job-runner/run-remains.ts';
import type { SpawnReport } from './job-runner/spawn-orders.ts';
import { openSpawnerLink } from './job-runner/spawner-link.ts';

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
  /** What keeps runs apart here, as `chooseIsolation` found it; `process` besides, for who names it. */
  readonly isolation?: LocalIsolation;
  readonly logger?: { warn(details: object, message: string): void };
}

export interface LocalJobRunner extends JobRunner, AsyncDisposable {
  /** Of the process that starts supervisors; undefined while it is being started again. */
  readonly spawnerPid: number | undefined;
}

/** An order that was accepted and whose supervisor has not been seen at work. */
interface Queued {
  readonly order: StartOrder;
  /** Of the supervisor that was given the order. */
  pid?: number;
  tries: number;
}

/** An attempt that was seen to have begun and not to have ended. */
interface Watched extends Attempt {
  isUnwatchedTold: boolean;
}

const WATCH_MS = 500;
/** How long an order may be on its way: between the record that announces it and `start`, or in the pipe of a dead spawner. */
const ON_ITS_WAY_MS = 15_000;
/** Put in the supervisor's place so that none can take it any more: what makes "never" a proof. */
const RULED_OUT: SupervisorFile = { pid: 0, start_ticks: 0, boot_id: 'none' };
/** A supervisor may die before its first act; then nothing was started and the order may be given to another. */
const TRIES = 2;

/** Runs each attempt under a supervisor of its own, which outlives this process and is found again by the next. */
export async function openLocalJobRunner(options: LocalJobRunnerOptions): Promise<LocalJobRunner> {
  const { clock, isolation: level = 'process' } = options;
  const isolations: readonly LocalIsolation[] = level === 'process' ? [level] : [level, 'process'];
  const runs = join(options.dataDir, 'runs');
  await mkdir(runs, { recursive: true, mode: 0o700 });
  const files = openRunFiles(runs);
  const hostEnv = pick(options.hostEnv, ['PATH', 'HOME', 'USER', 'LANG']);
  const queue = new Map<string, Queued>();
  const watched = new Map<string, Watched>();
  const endings = new Map<string, { killAt: number }>();
  const firstAbsent = new Map<string, number>();
  const closing = new AbortController();

  for (const attempt of await files.list()) {
    if (!(await isSettled(attempt))) watch(attempt);
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
    onReport: (report) => void hear(report).catch((error: unknown) => warn(error, 'a report of the spawner was lost')),
    onRestarted() {
      for (const [key, queued] of queue) if (queued.pid === undefined) hand(key, queued);
    },
  });
  const watching = keepWatching();

  function hand(key: string, { order }: Queued): void {
    const { execution_id, attempt, token, isolation } = order;
    spawner.send({
      key,
      order: {
        execution_id,
        attempt,
        token,
        isolation,
        intake_socket: options.intakeSocket,
        run_dir: files.directory(order),
        host_env: hostEnv,
      },
    });
  }

  async function hear(report: SpawnReport): Promise<void> {
    const queued = queue.get(report.key);
    if (report.event === 'spawned') {
      if (queued) queued.pid = report.pid;
      return;
    }
    const attempt = attemptOf(report.key);
    if (await files.read(attempt, 'supervisor.json')) {
      watch(attempt);
      await checkOn(report.key);
      return;
    }
    if (!queued || queue.get(report.key) !== queued) return;
    queued.tries += 1;
    delete queued.pid;
    if (queued.tries < TRIES) return hand(report.key, queued);
    const details =
      report.event === 'failed' ? report.why : `the supervisor ended at once (${report.signal ?? report.code})`;
    await files.make(attempt);
    await files.settle(attempt, 'ended.json', { at_ms: clock.now(), kind: 'never_started', reason: 'spawn', details });
    queue.delete(report.key);
    options.onEnded(attempt.execution_id);
  }

  function watch({ execution_id, attempt }: Attempt): void {
    const key = keyOf({ execution_id, attempt });
    queue.delete(key);
    if (!watched.has(key)) watched.set(key, { execution_id, attempt, isUnwatchedTold: false });
  }

  /** Supervisors of an earlier server, or of a spawner that died, have nobody who waits for them. */
  async function keepWatching(): Promise<void> {
    while (!closing.signal.aborted) {
      for (const [key, { order, pid }] of queue) {
        if (pid !== undefined && (await files.read(order, 'supervisor.json'))) watch(attemptOf(key));
      }
      for (const key of watched.keys()) {
        await checkOn(key).catch((error: unknown) => warn(error, 'an attempt could not be looked at'));
      }
      await clock.sleep(WATCH_MS, closing.signal);
    }
  }

  async function checkOn(key: string): Promise<void> {
    const attempt = watched.get(key);
    if (!attempt) return;
    const supervisor = await files.read(attempt, 'supervisor.json');
    if (supervisor && livingSupervisor(supervisor)) return;
    const view = await look(attempt);
    if (view.state === 'alive') {
      if (!attempt.isUnwatchedTold) options.onEnded(attempt.execution_id);
      attempt.isUnwatchedTold = true;
    } else if (watched.delete(key)) options.onEnded(attempt.execution_id);
  }

  async function isSettled(attempt: Attempt): Promise<boolean> {
    const supervisor = await files.read(attempt, 'supervisor.json');
    return (
      !supervisor?.pid || ((await files.read(attempt, 'ended.json')) !== undefined && !livingSupervisor(supervisor))
    );
  }

  async function look(attempt: Attempt): Promise<PlatformView> {
    const platform_execution = nameOf(attempt);
    const supervisor = await files.read(attempt, 'supervisor.json');
    if (!supervisor) {
      if (queue.has(keyOf(attempt))) return { state: 'starting', platform_execution };
      const ended = await files.read(attempt, 'ended.json');
      return ended ? { state: 'ended', end: { platform_execution, ...ended } } : lookAtAbsent(attempt);
    }
    if (supervisor.pid === RULED_OUT.pid) return { state: 'absent', never: true };
    const remains = await findRemains(files, attempt, supervisor);
    if (remains.supervisor || remains.processes.length > 0) {
      return { state: 'alive', platform_execution, unwatched: !remains.supervisor };
    }
    return { state: 'ended', end: await settledEnd(attempt, platform_execution) };
  }

  async function lookAtAbsent(attempt: Attempt): Promise<PlatformView> {
    const key = keyOf(attempt);
    const since = firstAbsent.get(key) ?? clock.now();
    firstAbsent.set(key, since);
    if (clock.now() - since < ON_ITS_WAY_MS) return { state: 'absent', never: false };
    firstAbsent.delete(key);
    await files.make(attempt);
    const { pid } = await files.settle(attempt, 'supervisor.json', RULED_OUT);
    return pid === RULED_OUT.pid ? { state: 'absent', never: true } : look(attempt);
  }

  /** The end as it was first seen: the time of an end that nobody wrote down must not move with each look. */
  async function settledEnd(attempt: Attempt, platform_execution: string): Promise<PlatformEnd> {
    const exit = await files.read(attempt, 'exit.json');
    if (exit) return { platform_execution, ...exit };
    const isCancelled = (await files.read(attempt, 'stop.json')) !== undefined;
    const ended = await files.settle(attempt, 'ended.json', {
      at_ms: clock.now(),
      reason: 'lost',
      kind: isCancelled ? 'cancelled' : 'exited',
      details: 'The supervisor died before it could say how the command ended.',
    });
    return { platform_execution, ...ended };
  }

  async function cancel(attempt: Attempt, graceMs: number): Promise<void> {
    const supervisor = await files.read(attempt, 'supervisor.json');
    if (!supervisor && !queue.has(keyOf(attempt))) return;
    if (supervisor && (await look(attempt)).state !== 'alive') return;
    await files.make(attempt);
    const stop = await files.read(attempt, 'stop.json');
    if (!stop || graceMs < stop.grace_ms) await files.write(attempt, 'stop.json', { grace_ms: graceMs });
    // Read again: it may have begun since, and looks for stop.json once it has.
    const begun = await files.read(attempt, 'supervisor.json');
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
    const find = async () => {
      const supervisor = await files.read(attempt, 'supervisor.json');
      return supervisor ? findRemains(files, attempt, supervisor) : { supervisor: undefined, processes: [] };
    };
    void endRemains(find, clock, () => ending.killAt, closing.signal)
      .catch((error: unknown) => warn(error, 'what a supervisor left could not be ended'))
      .finally(() => endings.delete(key))
      .then(() => (closing.signal.aborted ? undefined : checkOn(key)))
      .catch((error: unknown) => warn(error, 'an attempt could not be looked at'));
  }

  function warn(error: unknown, message: string): void {
    options.logger?.warn({ error: String(error) }, message);
  }

  return {
    isolations,
    longestGraceMs: Infinity,
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
      if (queue.has(key) || watched.has(key)) return { outcome: 'started', platform_execution };
      const queued: Queued = { order, tries: 0 };
      // In the queue before anything is awaited: a look in between must not rule it out.
      queue.set(key, queued);
      firstAbsent.delete(key);
      const taken = await files.read(order, 'supervisor.json');
      if (taken) {
        queue.delete(key);
        if (taken.pid !== RULED_OUT.pid) return { outcome: 'started', platform_execution };
        const details = 'A look found this attempt absent for too long; another attempt takes its place.';
        return { outcome: 'rejected', reason: 'ruled_out', details };
      }
      hand(key, queued);
      return { outcome: 'started', platform_execution };
    },
    look: (attempt) => look(attempt),
    cancel: (attempt, order) => cancel(attempt, order.grace_ms),
    async readSafetyLane(attempt) {
      const supervisor = await files.read(attempt, 'supervisor.json');
      // Asked before reading: what a writer adds that dies in between would be missed and called final.
      const final = supervisor ? !livingSupervisor(supervisor) : !queue.has(keyOf(attempt));
      return { entries: files.spool(attempt), final };
    },
    async list({ after, limit }) {
      const all = (await files.list()).map((attempt) => ({ attempt, cursor: cursorOf(attempt) }));
      const page = all.filter(({ cursor }) => after === undefined || cursor > after).slice(0, limit + 1);
      const executions: PlatformListing[] = [];
      for (const { attempt } of page.slice(0, limit)) {
        const view = await look(attempt);
        if (view.state === 'absent') continue;
        executions.push({ ...attempt, platform_execution: nameOf(attempt), ended: view.state === 'ended' });
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
        queue.delete(keyOf(attempt));
        watched.delete(keyOf(attempt));
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

const keyOf = ({ execution_id, attempt }: Attempt) => `${execution_id}/${attempt}`;
const nameOf = (attempt: AttemptRef) => `local/${keyOf(attempt)}`;
/** Sorts as the listing does: attempts by number. */
const cursorOf = ({ execution_id, attempt }: Attempt) => `${execution_id}/${String(attempt).padStart(9, '0')}`;

function attemptOf(key: string): Attempt {
  const [execution_id, attempt] = key.split('/') as [string, string];
  return { execution_id, attempt: Number(attempt) };
}

function pick(env: Readonly<Record<string, string | undefined>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
