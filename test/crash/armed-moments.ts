import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Reach } from './cloud-moments.ts';

/** The file that arms a moment of a service; whoever reaches it first takes it, and dies. */
export const armedFile = (directory: string, role: string, at: string): string =>
  join(directory, `${role} ${at}`.replaceAll(' ', '-'));

/** What the file is called once somebody has died of it. */
export const reachedFile = (directory: string, role: string, at: string): string =>
  `${armedFile(directory, role, at)}.reached`;

/** Kills this process with SIGKILL at a moment that is armed. */
export function armedMoments(directory: string, role: string): Reach {
  return (side, moment) => {
    const armed = armedFile(directory, role, `${side} ${moment}`);
    if (!existsSync(armed)) return;
    try {
      renameSync(armed, reachedFile(directory, role, `${side} ${moment}`));
    } catch {
      // Another instance has reached it first.
      return;
    }
    process.kill(process.pid, 'SIGKILL');
    // Nothing more is done, however long the signal takes.
    return new Promise(() => undefined);
  };
}
