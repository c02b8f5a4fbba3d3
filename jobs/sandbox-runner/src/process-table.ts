import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';

// provider-local has its own copy of this concept: it looks after runs whose supervisor died, and neither side may import the other.

/** One living process. A zombie is not listed: it holds nothing and does nothing. */
export interface ProcessRow {
  readonly pid: number;
  readonly pgid: number;
  readonly session: number;
  /** Clock ticks since boot (Linux) or ms since the epoch: with the pid, the identity of a process. */
  readonly startTicks: number;
}

const onLinux = process.platform === 'linux';

/** The living process of that pid, or undefined. */
export function readProcess(pid: number): ProcessRow | undefined {
  if (!onLinux) return psRows(['-p', String(pid)])[0];
  try {
    const { state, ...row } = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    // The state is that of the first thread; the others may go on without it.
    if (state === 'X' || (state === 'Z' && livingThread(pid) === undefined)) return undefined;
    return row;
  } catch {
    return undefined;
  }
}

/** Every living process that this user can see. */
export function listProcesses(): ProcessRow[] {
  if (!onLinux) return psRows(['-A']);
  const rows: ProcessRow[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const row = readProcess(Number(name));
    if (row) rows.push(row);
  }
  return rows;
}

/** Whether the process was started with `marker` (`NAME=value`) in its environment. Only Linux can tell. */
export function carriesMarker(pid: number, marker: string): boolean {
  if (!onLinux) return false;
  try {
    const uid = process.getuid?.();
    // Root can read them all, and what it started may have become somebody else since.
    if (uid !== 0 && statSync(`/proc/${pid}`).uid !== uid) return false;
    let environment = readFileSync(`/proc/${pid}/environ`);
    if (environment.length === 0) {
      const thread = livingThread(pid);
      if (thread !== undefined) environment = readFileSync(`/proc/${pid}/task/${thread}/environ`);
    }
    return `\0${environment.toString('latin1')}\0`.includes(`\0${marker}\0`);
  } catch {
    return false;
  }
}

/** Changes with every start of the machine; pids and ticks mean nothing across it. */
export function bootId(): string {
  if (onLinux) return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return execFileSync('sysctl', ['-n', 'kern.boottime'], { encoding: 'utf8' }).trim();
}

/** A thread of the process, other than its first one, that lives. */
function livingThread(pid: number): string | undefined {
  return readdirSync(`/proc/${pid}/task`).find((thread) => {
    if (thread === String(pid)) return false;
    try {
      return !/^[ZX]$/.test(parseStat(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')).state);
    } catch {
      return false;
    }
  });
}

function parseStat(stat: string): ProcessRow & { readonly state: string } {
  // The name in brackets may itself hold brackets and spaces, so fields are counted from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0]!,
    pid: parseInt(stat, 10),
    pgid: Number(fields[2]),
    session: Number(fields[3]),
    startTicks: Number(fields[19]),
  };
}

function psRows(selection: string[]): ProcessRow[] {
  let table: string;
  try {
    table = execFileSync('ps', [...selection, '-o', 'pid=,pgid=,stat=,lstart='], {
      encoding: 'utf8',
      env: { LC_ALL: 'C', PATH: process.env.PATH ?? '/bin:/usr/bin' },
    });
  } catch {
    return [];
  }
  return table.split('\n').flatMap((line) => {
    const [, pid, pgid, stat, started] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+)$/.exec(line) ?? [];
    if (!pid || !started || stat?.startsWith('Z')) return [];
    return [{ pid: Number(pid), pgid: Number(pgid), session: Number(pgid), startTicks: Date.parse(started) }];
  });
}
