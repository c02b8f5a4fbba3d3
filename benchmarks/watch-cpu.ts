import { usageOf } from './process-usage.ts';

/** Watches the CPU time of processes that may end before they are asked. */
export function watchCpu<Name extends string>(pids: Readonly<Record<Name, number>>) {
  const used = new Map<string, { readonly first: number; readonly last: number }>();
  const look = () => {
    for (const [name, pid] of Object.entries<number>(pids)) {
      try {
        const { cpuS } = usageOf(pid);
        used.set(name, { first: used.get(name)?.first ?? cpuS, last: cpuS });
      } catch {
        // It has ended, and what it had used by the last look stands.
      }
    }
  };
  look();
  const timer = setInterval(look, 10);
  return {
    /** What each has used since the watch began, s. */
    stop(): Readonly<Record<Name, number>> {
      look();
      clearInterval(timer);
      const since = (name: string) => used.get(name)!.last - used.get(name)!.first;
      return Object.fromEntries(Object.keys(pids).map((name) => [name, since(name)])) as Record<Name, number>;
    },
  };
}
