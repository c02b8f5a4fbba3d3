import { readdirSync, readFileSync, statSync } from 'node:fs';

/**
 * The processes, by their ids on this machine, that live in that mount namespace: those of one container, also where several
 * containers share a process namespace. `inside` is the id that the process has in its innermost process namespace.
 */
export function processesOf(mountNamespace: number): { pid: number; inside: number }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        if (statSync(`/proc/${name}/ns/mnt`).ino !== mountNamespace) return [];
        const ids = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]?.split(/\s+/) ?? [name];
        return [{ pid: Number(name), inside: Number(ids.at(-1)) }];
      } catch {
        // It has ended in between.
        return [];
      }
    });
}
