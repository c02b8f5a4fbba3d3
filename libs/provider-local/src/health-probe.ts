import { stat } from 'node:fs/promises';
import { healthIssue, HOST_IMAGE, type HealthProbe, type Image, type JobRunner } from '@runvoy/core';
import type { HealthIssue, Isolation } from '@runvoy/protocol';
import type { DataDir } from './data-dir.ts';
import { openVaultKeys } from './vault-keys.ts';

export interface LocalHealthProbeOptions {
  readonly dataDir: Pick<DataDir, 'path' | 'database' | 'vaultKeys' | 'signingKeys'>;
  readonly jobs: Pick<JobRunner, 'isolations' | 'shortcomings'>;
}

const FOR_OTHERS = 0o077;

/** Looks at the registered images, at the key files and at whom the files of the data directory belong to. It changes nothing. */
export function openHealthProbe({ dataDir, jobs }: LocalHealthProbeOptions): HealthProbe {
  return {
    async compute({ images }) {
      const issues = images.flatMap((image) => {
        const why = whyNotRunnable(jobs, image);
        return why === undefined ? [] : [healthIssue('image_unrunnable', image.image_id, why)];
      });
      const status = {
        total_resources: images.length,
        verified_count: images.length - issues.length,
        recreated_count: 0,
        tag_updated_count: 0,
        orphaned_count: 0,
        orphaned_resources: [],
      };
      return { status, issues, unchecked: [] };
    },
    async keys(ids) {
      const isThere = await stat(dataDir.vaultKeys).then(() => true, absent);
      // Opening would make a new one in the place of the one that is gone.
      if (!isThere) {
        const issues = [healthIssue('key_missing', dataDir.vaultKeys, 'The file is gone.')];
        return { status: { missing: ids, tag_updated_count: 0 }, issues, unchecked: [] };
      }
      const keys = await openVaultKeys(dataDir.vaultKeys);
      return {
        status: { missing: ids.filter((id) => !keys.find(id)), tag_updated_count: 0 },
        issues: [],
        unchecked: [],
      };
    },
    async identity() {
      const places = [
        [dataDir.path, '700'],
        [dataDir.database, '600'],
        [dataDir.vaultKeys, '600'],
        [dataDir.signingKeys, '600'],
      ] as const;
      const issues: HealthIssue[] = [];
      for (const [path, wanted] of places) {
        const mode = await stat(path).then((found) => found.mode, absent);
        if (mode === false || (mode & FOR_OTHERS) === 0) continue;
        issues.push(healthIssue('file_open', path, `Run: chmod ${wanted} ${path}`));
      }
      const status = {
        default_roles_verified: issues.length === 0,
        custom_roles_verified: places.length - issues.length,
        custom_roles_total: places.length,
        missing_roles: [],
      };
      return { status, issues, unchecked: [] };
    },
  };
}

function absent(error: NodeJS.ErrnoException): false {
  if (error.code === 'ENOENT') return false;
  throw error;
}

function whyNotRunnable(
  { isolations, shortcomings }: LocalHealthProbeOptions['jobs'],
  image: Image,
): string | undefined {
  const fitting = isolations.filter((isolation) => isolation === 'container' || image.image === HOST_IMAGE);
  if (fitting.length === 0) {
    return 'It needs a container engine, and there is none here. Install podman or docker and start the server again.';
  }
  const lacks = (isolation: Isolation) =>
    shortcomings?.[isolation]?.some((demand) => demand === 'cpu' || demand === 'memory') ?? false;
  if (!image.is_sized || !fitting.every(lacks)) return undefined;
  return `Its cpu and memory cannot be enforced by ${fitting.join(' or ')}. Register it without them.`;
}
