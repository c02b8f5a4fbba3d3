import type { Network } from '@runvoy/protocol';

const MIB = 1024 * 1024;

/** What one run may use under bubblewrap. The disk is none of it: everything it can write to is memory of a limited size. */
export const BUBBLEWRAP_LIMITS = {
  workspaceBytes: 1024 * MIB,
  tmpBytes: 256 * MIB,
  /** Each of `/dev/shm` and the place of our own files. */
  smallBytes: 16 * MIB,
  processes: 512,
  openFiles: 1024,
} as const;

/** For the log of a run. */
export function bubblewrapLimitsText(network: Network): string {
  return [
    `workspace ${BUBBLEWRAP_LIMITS.workspaceBytes / MIB} MiB`,
    `/tmp ${BUBBLEWRAP_LIMITS.tmpBytes / MIB} MiB`,
    `${BUBBLEWRAP_LIMITS.processes} processes`,
    ...(network === 'none' ? ['no network'] : []),
    `${BUBBLEWRAP_LIMITS.openFiles} open files each; memory and cpu are not limited`,
  ].join(', ');
}
