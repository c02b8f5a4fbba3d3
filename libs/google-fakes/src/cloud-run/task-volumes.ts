import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Container, TaskTemplate } from './wire.ts';

/** A fresh directory for each volume of an attempt; every container that mounts it sees the same one. */
export type TaskVolumes = {
  /** Path inside a container -> directory of this machine. */
  mountsOf(container: Container): Record<string, string>;
  remove(): void;
};

export function makeVolumes(template: TaskTemplate, mode: number): TaskVolumes {
  const root = mkdtempSync(join(tmpdir(), 'cloud-run-task-'));
  // Containers of other users have to pass through.
  chmodSync(root, 0o755);
  for (const { name } of template.volumes) {
    mkdirSync(join(root, name));
    chmodSync(join(root, name), mode);
  }
  return {
    mountsOf: ({ volumeMounts }) =>
      Object.fromEntries(
        volumeMounts.map(({ name, mountPath, subPath }) => [mountPath, join(root, name, subPath ?? '')]),
      ),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
