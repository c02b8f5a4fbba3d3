import { setTimeout as pause } from 'node:timers/promises';
import { type ProcessRow, carriesMarker, listProcesses, readProcess } from './process-table.ts';

/** Everything that lives because of one run. */
export interface RunProcesses {
  /** Sends a signal to everything, each process once. */
  signal(signal: NodeJS.Signals): void;
  /** Kills until nothing lives; answers how many processes it took. */
  killAll(): Promise<number>;
  /** Resolves when nothing lives. */
  gone(): Promise<void>;
}

/** Those of a run without a namespace: the sessions we started, and whoever left them but still carries the run's marker. */
export interface SessionProcesses extends RunProcesses {
  /** What they carry in their environment, as the value of `MARKER_NAME`. */
  readonly markerValue: string;
  living(): ProcessRow[];
  /** Adds a process we started as leader of its own session. */
  adopt(pid: number): ProcessRow | undefined;
  /** The leader was reaped; its pid may belong to somebody else from now on. */
  release(pid: number): void;
}

/** The environment entry by which a process that left its session is found again. */
export const MARKER_NAME = 'RUNVOY_EXECUTION_ID';

/** One scan may miss a process that was forked meanwhile by one that ended meanwhile. */
const EMPTY_SCANS = 3;
const EMPTY_SCAN_MS = 3;

/** Keeps track of the processes of one run; they carry `markerValue`, which is the execution's id. A scan reads every process of the machine, so it happens at ends and stops only. */
export function openRunProcesses(markerValue: string): SessionProcesses {
  const marker = `${MARKER_NAME}=${markerValue}`;
  const sessions = new Set<number>();
  const leaders = new Set<number>();
  /** Groups that had members when their leader was reaped. */
  const orphaned = new Set<number>();
  let oldest = Infinity;

  function living(): ProcessRow[] {
    // Nothing of the run is older than its first process; most of a machine's processes are, and need no second read.
    return listProcesses().filter(
      (row) => row.startTicks >= oldest && (sessions.has(row.session) || carriesMarker(row.pid, marker)),
    );
  }

  return {
    markerValue,
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
      // A group that has members keeps its number from being given away.
      if (send(-pid, 0)) orphaned.add(pid);
    },
    living,
    signal(signal) {
      // A whole group in one call: a process forked during a scan would be missed.
      for (const leader of leaders) send(-leader, signal);
      for (const row of living()) if (!leaders.has(row.pgid)) signalSame(row, signal);
    },
    async killAll() {
      const killed = new Set<number>();
      const ownGroup = readProcess(process.pid)?.pgid;
      for (let round = 0, empty = 0; ; round += 1) {
        const rows = living();
        empty = rows.length === 0 ? empty + 1 : 0;
        // Whoever forks and ends all the time is seldom seen, but a whole group can be killed without being seen.
        for (const group of new Set([...orphaned, ...rows.map(({ pgid }) => pgid)])) {
          if (group > 1 && group !== ownGroup && !send(-group, 'SIGKILL')) orphaned.delete(group);
        }
        for (const row of rows) {
          killed.add(row.pid);
          signalSame(row, 'SIGKILL');
        }
        if (empty === EMPTY_SCANS) return killed.size;
        await pause(empty > 0 ? EMPTY_SCAN_MS : Math.min(10 * (round + 1), 250));
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

/** False when nobody is there any more. */
function send(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(target, signal);
  } catch {
    return false;
  }
}
