import { readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type ProcessRow, listProcesses, readProcess } from '../process-table.ts';
import type { RunProcesses } from '../run-processes.ts';

/** The processes of a run that has a process namespace: whoever is in it, whatever it did to its session or environment. */
export interface NamespaceProcesses extends RunProcesses {
  living(): ProcessRow[];
  /** The first process of the namespace. When it goes, the kernel has ended all others. */
  enter(first: ProcessRow): void;
}

/** The namespace's own first process and the shell that starts what runs in it. */
const OURS = 2;

export function openNamespaceProcesses(killSandbox: () => void): NamespaceProcesses {
  let first: ProcessRow | undefined;
  let namespace = '';

  function isThere(): boolean {
    return first !== undefined && readProcess(first.pid)?.startTicks === first.startTicks;
  }

  function everybody(): { row: ProcessRow; pidInside: number }[] {
    // Asked first: the number of a namespace that ended is given to another one.
    if (!isThere()) return [];
    return listProcesses()
      .filter((row) => row.startTicks >= first!.startTicks && namespaceOf(row.pid) === namespace)
      .map((row) => ({ row, pidInside: pidInside(row.pid) }));
  }

  /** What the run itself started. */
  function living(): ProcessRow[] {
    return everybody()
      .filter((found) => found.pidInside > OURS)
      .map(({ row }) => row);
  }

  return {
    enter(row) {
      first = row;
      namespace = namespaceOf(row.pid) ?? 'none';
    },
    living,
    signal(signal) {
      if (signal === 'SIGKILL') return killSandbox();
      const rows = living();
      const shell = everybody().find((found) => found.pidInside === OURS)?.row;
      const groups = new Set(rows.map((row) => row.pgid).filter((pgid) => pgid !== shell?.pgid && pgid > 1));
      // A whole group in one call: a process forked during a scan would be missed.
      for (const group of groups) send(-group, signal);
      for (const row of rows) if (!groups.has(row.pgid)) send(row.pid, signal);
    },
    async killAll() {
      const left = living().length;
      killSandbox();
      for (let wait = 5; isThere(); wait = Math.min(wait * 2, 100)) await pause(wait);
      return left;
    },
    async gone() {
      for (let wait = 20; living().length > 0; wait = Math.min(wait * 2, 250)) await pause(wait);
    },
  };
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** What the process is called in the innermost namespace it is in; 0 when it is gone. */
function pidInside(pid: number): number {
  try {
    const ids = /^NSpid:(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(ids?.trim().split(/\s+/).at(-1) ?? 0);
  } catch {
    return 0;
  }
}

function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch {
    // Gone already.
  }
}
