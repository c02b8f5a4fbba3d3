import type { Clock, StartOrder } from '@runvoy/core';
import { attemptOf, keyOf } from './attempt-key.ts';
import type { RepeatedWarnings } from './repeated-warning.ts';
import { type Attempt, RULED_OUT, type RunFiles, type SupervisorFile } from './run-files.ts';
import { findMarked, livingSupervisor, signalSame, supervisorNow } from './run-remains.ts';
import type { SpawnReport } from './spawn-orders.ts';

/** The orders that were accepted and whose supervisors have not been seen at work. */
export interface StartQueue {
  has(of: Attempt): boolean;
  /** Keeps the place of an order, which is not handed out yet. */
  reserve(order: StartOrder): void;
  /** Hands a reserved order to the spawner. */
  hand(of: Attempt): void;
  delete(of: Attempt): void;
  hear(report: SpawnReport): Promise<void>;
  /** Looks at every order: whether it began, failed, or is too late. Never rejects. */
  check(): Promise<void>;
  /** A new spawner is there: hands out again what the last one may not have been told. */
  repeat(): void;
}

interface Queued {
  readonly order: StartOrder;
  /** The supervisor that was given the order, and the spawner that tells of its end. */
  given?: { readonly supervisor: SupervisorFile; readonly spawnerPid: number | undefined };
  tries: number;
  giveUpAt: number;
  /** Why it never started; the order stays until that is written down. */
  failure?: string;
}

/** A supervisor may die before its first act; then nothing was started and the order may be given to another. */
const TRIES = 2;
/** A supervisor begins in well under a second; one that has not by now, on whatever machine, hangs or is lost. */
const GIVE_UP_MS = 60_000;

export function openStartQueue(args: {
  readonly files: RunFiles;
  readonly clock: Clock;
  readonly warnings: RepeatedWarnings;
  readonly spawnerPid: () => number | undefined;
  readonly send: (order: StartOrder) => void;
  /** The order has left the queue: its supervisor is at work, or was. */
  readonly onBegun: (attempt: Attempt, supervisor: SupervisorFile) => Promise<void>;
  /** The order has left the queue: it is proven, and written down, that it never starts. */
  readonly onNeverStarted: (attempt: Attempt) => void;
}): StartQueue {
  const { files, clock, warnings } = args;
  const queue = new Map<string, Queued>();

  function hand(queued: Queued): void {
    queued.giveUpAt = clock.now() + GIVE_UP_MS;
    args.send(queued.order);
  }

  const isQueued = (queued: Queued) => queue.get(keyOf(queued.order)) === queued;

  async function begin({ order }: Queued, supervisor: SupervisorFile): Promise<void> {
    queue.delete(keyOf(order));
    await args.onBegun(attemptOf(keyOf(order)), supervisor);
  }

  /** Whether a command was there though the supervisor's file is not: it came, or took away what the spawner put there. */
  const showsWork = async (of: Attempt) =>
    (await files.has(of, 'command.json')) || !(await files.has(of, 'supervisor.log'));

  /** The supervisor that was given the order is dead, or never came to be. */
  async function seeEnd(queued: Queued, why: string, leftOrderly: boolean): Promise<void> {
    const { order, given } = queued;
    const supervisor = await files.read(order, 'supervisor.json');
    const hasActed = given !== undefined && (await showsWork(order));
    if (!isQueued(queued) || queued.given !== given || queued.failure !== undefined) return;
    if (supervisor?.pid) return begin(queued, supervisor);
    // Only a supervisor that began ends in good order.
    if (given && (leftOrderly || hasActed)) return begin(queued, given.supervisor);
    queued.tries += 1;
    delete queued.given;
    if (queued.tries < TRIES) return hand(queued);
    queued.failure = why;
    await giveUp(queued, why);
  }

  async function giveUp(queued: Queued, details: string): Promise<void> {
    const { order, given } = queued;
    await files.make(order);
    // First the proof: a supervisor that is late finds its place taken.
    const standing = await files.settle(order, 'supervisor.json', RULED_OUT);
    if (!isQueued(queued)) return;
    if (standing.pid !== RULED_OUT.pid) return begin(queued, standing);
    const living = given && livingSupervisor(given.supervisor);
    if (living) signalSame(living, 'SIGKILL');
    await files.settle(order, 'ended.json', { at_ms: clock.now(), kind: 'never_started', reason: 'spawn', details });
    if (!isQueued(queued)) return;
    queue.delete(keyOf(order));
    args.onNeverStarted(attemptOf(keyOf(order)));
  }

  async function checkOne(queued: Queued): Promise<void> {
    const { order, given, failure } = queued;
    if (failure !== undefined) return giveUp(queued, failure);
    // Asked before reading: what begins in between is seen in the file.
    const isDead = given !== undefined && !livingSupervisor(given.supervisor);
    const supervisor = await files.read(order, 'supervisor.json');
    const hasActed = given !== undefined && (await showsWork(order));
    if (!isQueued(queued) || queued.given !== given) return;
    if (supervisor?.pid) return begin(queued, supervisor);
    // A spawner that lives tells of the end itself, and how it was.
    if (isDead && given.spawnerPid !== args.spawnerPid()) {
      return seeEnd(queued, 'the supervisor and the process that started it are dead', false);
    }
    if (given && !isDead && hasActed) return begin(queued, given.supervisor);
    if (clock.now() < queued.giveUpAt) return;
    if (given && findMarked(order).length > 0) return begin(queued, given.supervisor);
    queued.failure = `no supervisor began within ${GIVE_UP_MS / 1000} s`;
    await giveUp(queued, queued.failure);
  }

  return {
    has: (of) => queue.has(keyOf(of)),
    reserve: (order) => void queue.set(keyOf(order), { order, tries: 0, giveUpAt: clock.now() + GIVE_UP_MS }),
    hand(of) {
      const queued = queue.get(keyOf(of));
      if (queued) hand(queued);
    },
    delete: (of) => void queue.delete(keyOf(of)),
    async hear(report) {
      const queued = queue.get(report.key);
      if (!queued) return;
      switch (report.event) {
        case 'spawned':
          queued.given = { supervisor: supervisorNow(report.pid), spawnerPid: args.spawnerPid() };
          return;
        case 'exited':
          if (queued.given === undefined) return;
          return seeEnd(queued, `the supervisor ended at once (${report.signal ?? report.code})`, report.code === 0);
        case 'failed':
          return seeEnd(queued, report.why, false);
      }
    },
    async check() {
      for (const [key, queued] of queue) {
        try {
          await checkOne(queued);
          warnings.clear(`start ${key}`);
        } catch (error) {
          warnings.warn(`start ${key}`, error, 'a start could not be looked at');
        }
      }
    },
    repeat() {
      for (const queued of queue.values()) {
        if (queued.given === undefined && queued.failure === undefined) hand(queued);
      }
    },
  };
}
