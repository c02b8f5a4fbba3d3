import { readdirSync, readFileSync } from 'node:fs';
import { cpuMs } from './process-cost.ts';

/** What a process is called whose time is wanted; undefined for others. */
export type NameProcess = (pid: number, commandLine: string) => string | undefined;

const LOOK_MS = 100;

/**
 * Watches the CPU time of this process and of all below it, which may come and go meanwhile. What one has used since the last look
 * when it ends is not seen.
 */
export function watchTreeCpu(nameOf: NameProcess) {
  const used = new Map<number, { readonly name: string; readonly firstMs: number; readonly lastMs: number }>();
  const look = (isFirst: boolean) => {
    for (const { pid, commandLine } of processTree()) {
      try {
        const nowMs = cpuMs(pid);
        const name = used.get(pid)?.name ?? nameOf(pid, commandLine);
        if (name === undefined) continue;
        used.set(pid, { name, firstMs: used.get(pid)?.firstMs ?? (isFirst ? nowMs : 0), lastMs: nowMs });
      } catch {
        // It has ended.
      }
    }
  };
  look(true);
  const timer = setInterval(() => look(false), LOOK_MS);
  return {
    /** What those of each name have used together since the watch began, ms. */
    stop(): ReadonlyMap<string, number> {
      look(false);
      clearInterval(timer);
      const sums = new Map<string, number>();
      for (const { name, firstMs, lastMs } of used.values()) sums.set(name, (sums.get(name) ?? 0) + lastMs - firstMs);
      return sums;
    },
  };
}

/** This process and all that it has started, and they. */
function processTree(): { readonly pid: number; readonly commandLine: string }[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = read(`/proc/${name}/stat`)?.split(') ').at(-1)?.split(' ')[1];
    if (parent !== undefined) children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(name)]);
  }
  const tree = [process.pid];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree.map((pid) => ({ pid, commandLine: (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ') }));
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
