import { readFileSync } from 'node:fs';

/** The ticks of `/proc/<pid>/stat`, which Linux counts in hundredths of a second. */
const TICKS_PER_S = 100;

/** What a process of this machine has used so far. */
export interface ProcessUsage {
  readonly cpuS: number;
  readonly atMs: number;
  readonly rssBytes: number;
  readonly peakBytes: number;
}

export function usageOf(pid: number): ProcessUsage {
  // The name of a program may hold spaces; what follows its closing bracket does not.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1_024;
  return {
    cpuS: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S,
    atMs: performance.now(),
    rssBytes: bytes('VmRSS'),
    peakBytes: bytes('VmHWM'),
  };
}

/** Watches the memory of processes until told to stop; answers what each had when it was first seen, and the most it had. */
export function watchMemory(pids: Readonly<Record<string, number>>) {
  const seen = new Map<string, { start: number; peak: number }>();
  const look = () => {
    for (const [name, pid] of Object.entries(pids)) {
      try {
        const { rssBytes } = usageOf(pid);
        const known = seen.get(name) ?? { start: rssBytes, peak: 0 };
        seen.set(name, { ...known, peak: Math.max(known.peak, rssBytes) });
      } catch {
        // It has ended.
      }
    }
  };
  look();
  const timer = setInterval(look, 100);
  return {
    stop(): ReadonlyMap<string, { readonly start: number; readonly peak: number }> {
      clearInterval(timer);
      return seen;
    },
  };
}
