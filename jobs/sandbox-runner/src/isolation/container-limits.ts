import type { Network } from '@runvoy/protocol';
import type { ContainerEngine } from './container-engine.ts';

/** The size a run was registered with. */
export interface ContainerSize {
  /** 1024 = one cpu. */
  readonly cpu: number;
  readonly memoryMib: number;
}

const MIB = 1024 * 1024;

/** What one run may use in a container. Everything it can write to is memory, and counts as its memory. */
export const CONTAINER_LIMITS = { processes: 512, openFiles: 1024, smallBytes: 16 * MIB } as const;

const WORKSPACE_MAX_BYTES = 4_096 * MIB;
const TMP_MAX_BYTES = 256 * MIB;

/** Half of the memory for the workspace, an eighth for `/tmp`: a full one is told so, before the memory is at its end. */
export function writableBytes({ memoryMib }: ContainerSize): { readonly workspace: number; readonly tmp: number } {
  return {
    workspace: Math.min((memoryMib * MIB) / 2, WORKSPACE_MAX_BYTES),
    tmp: Math.min((memoryMib * MIB) / 8, TMP_MAX_BYTES),
  };
}

/** For the log of a run. */
export function containerLimitsText(size: ContainerSize, engine: ContainerEngine, network: Network): string {
  const { workspace, tmp } = writableBytes(size);
  const enforced = [
    ...(engine.enforces.includes('memory') ? [`memory ${size.memoryMib} MiB`] : []),
    ...(engine.enforces.includes('cpu') ? [`cpu ${size.cpu / 1024}`] : []),
    `${CONTAINER_LIMITS.processes} processes`,
    `workspace ${Math.floor(workspace / MIB)} MiB`,
    `/tmp ${Math.floor(tmp / MIB)} MiB`,
    `${CONTAINER_LIMITS.openFiles} open files each`,
    ...(network === 'none' ? ['no network'] : []),
  ].join(', ');
  const missing = (['memory', 'cpu'] as const).filter((limit) => !engine.enforces.includes(limit));
  if (missing.length === 0) return enforced;
  return `${enforced}; ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not limited: ${engine.command[0]} cannot here`;
}
