import { setTimeout as pause } from 'node:timers/promises';
import { type ProcessRow, carriesMarker, listProcesses, readProcess } from './process-table.ts';

/** Everything that lives because of one run. */
export interface RunProcesses {
  living(): ProcessRow[];
  /** Sends a signal to everything, each process once. */
  signal(signal: NodeJS.Signals): void;
  /** Kills until nothing lives; answers how many processes it took. */
  killAll(): Promise<number>;
  /** Resolves when nothing lives. */
  gone(): Promise<void>;
}

/** Those of a run without a namespace: the sessions we started, and whoever left them but still carries the run's marker. */
export interface SessionProcesses extends RunProcesses {
  /** Adds a process we started as leader of its own session. */
  adopt(pid: number): ProcessRow | undefined;
  /** The leader was reaped; its pid may belong to somebody else from now on. */
  release(pid: number): void;
}

/** The environment entry by which a process that left its session is found again. */
export const MARKER_NAME = 'RUNVOY_EXECUTION_ID';

/** Keeps track of the processes of one run. A scan reads every process of the machine, so it happens at ends and stops only. */
export function openRunProcesses(executionId: string): SessionProcesses {
  const marker = `${MARKER_NAME}=${executionId}`;
  const sessions = new Set<number>();
  const leaders = new Set<number>();
  let oldest = Infinity;

  function living(): ProcessRow[] {
    // Nothing of the run is older than its first process; most of a machine's processes are, and need no second read.
    return listProcesses().filter(
      (row) => row.startTicks >= oldest && (sessions.has(row.session) || carriesMarker(row.pid, marker)),
    );
  }

  return {
    adopt(pid) {
      const row = readProcess(pid);
      sessions.add(pid);
      leaders.add(pid);
      // A process so short that it is a zombie already leaves no start time: then nothing can be skipped.
      oldest = Math.min(oldest, row?.startTicks ?? 0);
      return row;
    },
    release(pid) {
      leaders.delete(pid);
    },
    living,
    signal(signal) {
      // A whole group in one call: a process forked during a scan would be missed.
      for (const leader of leaders) send(-leader, signal);
      for (const row of living()) if (!leaders.has(row.pgid)) signalSame(row, signal);
    },
    async killAll() {
      const killed = new Set<number>();
      for (let round = 0; ; round += 1) {
        const rows = living();
        if (rows.length === 0) return killed.size;
        for (const row of rows) {
          killed.add(row.pid);
          signalSame(row, 'SIGKILL');
        }
        await pause(Math.min(10 * (round + 1), 250));
      }
    },
    async gone() {
      for (let wait = 20; living().length > 0; wait = Math.min(wait * 2, 250)) await pause(wait);
    },
  };
}

function signalSame(row: ProcessRow, signal: NodeJS.Signals): void {
  if (readProcess(row.pid)?.startTicks === row.startTicks) send(row.pid, signal);
}

function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch {
    // Gone already.
  }
}
