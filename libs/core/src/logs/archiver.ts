import { archiveLogs, type ArchiveDeps, type ArchiveReport } from './archive-logs.ts';

/** When the archiver does something in a process that ticks. */
export interface Archiver {
  /**
   * `hour`: does what is due. `tick`: goes on where the last turn of this process ran out of time, and asks the store nothing otherwise.
   * Undefined when there was nothing to do, or another turn of this process is under way.
   */
  turn(when: 'hour' | 'tick'): Promise<ArchiveReport | undefined>;
}

/** A process may end between two turns: then the next hour does what is left. */
export function newArchiver(deps: ArchiveDeps, noticed: (error: unknown, about: string) => void): Archiver {
  let isMore = false;
  let isBusy = false;
  return {
    async turn(when) {
      if (isBusy || (when === 'tick' && !isMore)) return undefined;
      isBusy = true;
      try {
        const report = await archiveLogs(deps, noticed);
        isMore = report.isMore;
        return report;
      } finally {
        isBusy = false;
      }
    },
  };
}
