import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, JobRunner, PlatformListing, StartOrder } from '@runvoy/core';
import { keyOf } from './job-runner/attempt-key.ts';
import { nameOf, openAttemptWatch } from './job-runner/attempt-watch.ts';
import { compileCache } from './job-runner/compile-cache.ts';
import { type ContainerEngine, engineEnvironment } from './job-runner/container-engine.ts';
import type { LocalIsolation } from './job-runner/isolation-level.ts';
import { openRepeatedWarnings } from './job-runner/repeated-warning.ts';
import { type Attempt, openRunFiles } from './job-runner/run-files.ts';
import { livingSupervisor } from './job-runner/run-remains.ts';
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

const WATCH_MS = 500;

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
  const closing = new AbortController();
  const attempts = await openAttemptWatch({
    files,
    clock,
    warnings,
    engineEnv,
    isQueued: (attempt) => queue.has(attempt),
    onEnded: options.onEnded,
    closing: closing.signal,
  });

  const spawner = openSpawnerLink({
    runnerMain: options.runnerMain,
    poolDirectory: join(options.dataDir, 'supervisors'),
    env: {
      // A server that is itself part of a run passes the marker on, so that the end of that run reaches all of this.
      ...pick(options.hostEnv, ['PATH', 'RUNVOY_EXECUTION_ID']),
      // Saves each supervisor a third of its memory and half of its start: what removes the types is not loaded.
      NODE_COMPILE_CACHE: compileCache(options.dataDir, options.hostEnv),
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
      attempts.watch(attempt, supervisor);
      await attempts.checkOn(keyOf(attempt));
    },
    onNeverStarted(attempt) {
      attempts.dropStop(attempt);
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
    if (attempts.has(report.key)) await attempts.checkOn(report.key);
    else await queue.hear(report);
  }

  /** Supervisors of an earlier server, or of a spawner that died, have nobody who waits for them. */
  async function keepWatching(): Promise<void> {
    while (!closing.signal.aborted) {
      await queue.check();
      await attempts.checkAll();
      await clock.sleep(WATCH_MS, closing.signal);
    }
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
      if (queue.has(order) || attempts.has(key)) return { outcome: 'started', platform_execution };
      // In the queue before anything is awaited: a look in between must not rule it out.
      queue.reserve(order);
      attempts.expect(key);
      try {
        const [taken, end] = await Promise.all([files.read(order, 'supervisor.json'), attempts.endOf(order)]);
        const isOver = end !== undefined;
        if (taken || isOver) queue.delete(order);
        if (isOver || taken?.pid) return { outcome: 'started', platform_execution };
        if (taken) {
          const details = 'A look found nothing of this start for too long; another start takes its place.';
          return { outcome: 'rejected', reason: 'ruled_out', details };
        }
      } catch (error) {
        queue.delete(order);
        throw error;
      }
      queue.hand(order);
      return { outcome: 'started', platform_execution };
    },
    look: (attempt) => attempts.look(attempt),
    cancel: (attempt, order) => attempts.cancel(attempt, order.grace_ms),
    async readSafetyLane(attempt) {
      const supervisor = await attempts.supervisorOf(attempt);
      // Asked before reading: what a writer adds that dies in between would be missed and called final.
      const final = supervisor ? !livingSupervisor(supervisor) : !queue.has(attempt);
      return { entries: files.spool(attempt), final };
    },
    async list({ after, limit }) {
      const all = (await files.list()).map((attempt) => ({ attempt, cursor: cursorOf(attempt) }));
      const page = all.filter(({ cursor }) => after === undefined || cursor > after).slice(0, limit + 1);
      const executions: PlatformListing[] = [];
      for (const { attempt } of page.slice(0, limit)) {
        const state = await attempts.look(attempt).then(
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
        const view = await attempts.look(attempt);
        if (view.state === 'alive' || view.state === 'starting') {
          throw new Error(`${nameOf(attempt)} is ${view.state} and cannot be forgotten`);
        }
        // From the queue too: the spawner's word of its end may still be on the way, and must not make us start it again.
        queue.delete(attempt);
        attempts.unwatch(keyOf(attempt));
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

/** Sorts as the listing does: attempts by number. */
const cursorOf = ({ execution_id, attempt }: Attempt) => `${execution_id}/${String(attempt).padStart(9, '0')}`;

function pick(env: Readonly<Record<string, string | undefined>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
