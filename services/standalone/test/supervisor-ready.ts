import { readFileSync, readdirSync } from 'node:fs';
import { poll } from './server.ts';

/** Resolves when the server's spawner has one supervisor, which has loaded everything and waits for an order. */
export async function supervisorReady(serverPid: number): Promise<void> {
  let seen = '';
  await poll(() => {
    const waiting = childrenOf(serverPid).flatMap(childrenOf);
    // The state and the CPU used: asleep, and no busier than at the last look, so that it is warm, too.
    const now = waiting.map((pid) => [pid, ...statOf(pid)].join(' ')).join();
    const isSettled = waiting.length === 1 && now === seen && now.includes(' S ') && waiting.every(awaitsInput);
    seen = now;
    return isSettled ? true : undefined;
  });
}

/** Pids of a process's children. */
export function childrenOf(pid: number): number[] {
  return readIfThere(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
}

/**
 * Whether the process has asked the kernel for what comes on its standard input, which a supervisor does last. A process that sleeps
 * may just as well wait for the disk that its modules come from.
 */
function awaitsInput(pid: number): boolean {
  const directory = `/proc/${pid}/fdinfo`;
  try {
    return readdirSync(directory).some((fd) => /^tfd:\s+0\s/m.test(readIfThere(`${directory}/${fd}`)));
  } catch {
    return false;
  }
}

function statOf(pid: number): string[] {
  const fields = readIfThere(`/proc/${pid}/stat`).split(') ').at(-1)!.split(' ');
  return [fields[0] ?? '', fields[11] ?? '', fields[12] ?? ''];
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
