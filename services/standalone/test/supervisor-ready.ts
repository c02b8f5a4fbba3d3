import { readFileSync } from 'node:fs';
import { poll } from './server.ts';

/** Resolves when the server's spawner has one supervisor, which has loaded everything and waits for an order. */
export async function supervisorReady(serverPid: number): Promise<void> {
  let seen = '';
  await poll(() => {
    const waiting = childrenOf(serverPid).flatMap(childrenOf);
    // The state and the CPU used: asleep, and no busier than at the last look.
    const now = waiting.map((pid) => [pid, ...statOf(pid)].join(' ')).join();
    const isSettled = waiting.length === 1 && now === seen && now.includes(' S ');
    seen = now;
    return isSettled ? true : undefined;
  });
}

/** Pids of a process's children. */
export function childrenOf(pid: number): number[] {
  return readIfThere(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
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
