import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Platform } from './platform.ts';
import { bytesOfMemory } from './resource-quantity.ts';
import type { Container, TaskTemplate } from './wire.ts';

/** A fresh directory for each volume of an attempt; every container that mounts it sees the same one. */
export type TaskVolumes = {
  /** Path inside a container -> directory of this machine. */
  mountsOf(container: Container): Record<string, string>;
  remove(): void;
};

export function makeVolumes(
  template: TaskTemplate,
  { volumeMode, volumes }: Pick<Platform, 'volumeMode' | 'volumes'>,
): TaskVolumes {
  const root = mkdtempSync(join(tmpdir(), 'cloud-run-task-'));
  const mounted: string[] = [];
  // Containers of other users have to pass through.
  chmodSync(root, 0o755);
  for (const { name, emptyDir } of template.volumes) {
    const directory = join(root, name);
    const bytes = bytesOfMemory(emptyDir?.sizeLimit ?? '');
    mkdirSync(directory);
    if (volumes === 'tmpfs' && bytes !== undefined) {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', directory], { stdio: 'pipe' });
      mounted.push(directory);
    }
    chmodSync(directory, volumeMode);
  }
  return {
    mountsOf: ({ volumeMounts }) =>
      Object.fromEntries(
        volumeMounts.map(({ name, mountPath, subPath }) => [mountPath, join(root, name, subPath ?? '')]),
      ),
    remove() {
      // Lazily: a process of a container may only just have ended.
      for (const directory of mounted) execFileSync('umount', ['--lazy', directory], { stdio: 'pipe' });
      rmSync(root, { recursive: true, force: true });
    },
  };
}
