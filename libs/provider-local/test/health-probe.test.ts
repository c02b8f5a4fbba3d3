import { chmod, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { HOST_IMAGE, type Image, type JobRunner, type KnownThings } from '@runvoy/core';
import { healthProbeContract, type HealthWorld } from '@runvoy/core/contracts';
import { openDataDir, openHealthProbe, openSigningKeys, openSqliteRecords, type DataDir } from '../src/index.ts';
import { openVaultKeys } from '../src/vault-keys.ts';
import { privateDirectory } from './private-directory.ts';

const HOST: Image = {
  image_id: 'host:latest-00000000',
  image: HOST_IMAGE,
  cpu: 256,
  memory_mib: 512,
  runtime_platform: 'Linux/ARM64',
  created_by: 'admin@example.com',
  owned_by: ['admin@example.com'],
  created_at_ms: 0,
  created_by_request_id: 'r',
  modified_by_request_id: 'r',
};
const KNOWN: KnownThings = { images: [HOST], secrets: [], unfinished: [] };
const PROCESS: Pick<JobRunner, 'isolations' | 'shortcomings'> = {
  isolations: ['process'],
  shortcomings: { process: ['cpu', 'memory', 'no_network'] },
};

interface LocalWorld extends HealthWorld {
  readonly dataDir: DataDir;
}

async function open(jobs = PROCESS): Promise<LocalWorld> {
  const directory = await privateDirectory();
  const dataDir = openDataDir(directory.path);
  const records = openSqliteRecords(dataDir.database);
  const { current } = await openVaultKeys(dataDir.vaultKeys);
  await openSigningKeys(dataDir.signingKeys);
  return {
    dataDir,
    probe: openHealthProbe({ dataDir, jobs }),
    known: KNOWN,
    keyId: current.id,
    async [Symbol.asyncDispose]() {
      records.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe('keeps what every probe promises:', () => healthProbeContract(() => open()));

test.each([
  ['an image without a container engine', { image: 'alpine:3.22' }, PROCESS, 'needs a container engine'],
  ['a size that nothing here enforces', { is_sized: true as const }, PROCESS, 'cannot be enforced by process'],
])('%s cannot be run here, and says why', async (_, more, jobs, why) => {
  await using world = await open(jobs);
  const { status, issues } = await world.probe.compute({
    ...KNOWN,
    images: [HOST, { ...HOST, ...more, image_id: 'x' }],
  });
  expect(status).toMatchObject({ total_resources: 2, verified_count: 1 });
  expect(issues).toMatchObject([{ resource_type: 'image', resource_id: 'x', message: expect.stringContaining(why) }]);
});

test('with a container engine every image can be run', async () => {
  await using world = await open({ isolations: ['container'], shortcomings: { container: [] } });
  const images = [HOST, { ...HOST, image_id: 'x', image: 'alpine:3.22', is_sized: true as const }];
  expect(await world.probe.compute({ ...KNOWN, images })).toMatchObject({ issues: [], status: { verified_count: 2 } });
});

test('a key file that others may read is told with what to run, and left as it is', async () => {
  await using world = await open();
  await chmod(world.dataDir.signingKeys, 0o644);
  const { status, issues } = await world.probe.identity();
  expect(status).toMatchObject({ default_roles_verified: false, custom_roles_total: 4, custom_roles_verified: 3 });
  expect(issues).toMatchObject([
    { severity: 'error', message: expect.stringContaining(`chmod 600 ${world.dataDir.signingKeys}`) },
  ]);
  expect(await world.probe.identity()).toMatchObject({ status });
});

test('a key file that is gone is missing with every key of it, and no new one takes its place', async () => {
  await using world = await open();
  await rm(world.dataDir.vaultKeys);
  const { status, issues } = await world.probe.keys([world.keyId]);
  expect(status.missing).toEqual([world.keyId]);
  expect(issues).toMatchObject([{ resource_type: 'data_key', severity: 'error' }]);
  expect((await world.probe.keys([])).issues).toHaveLength(1);
});

test('a key file that cannot be read is a failure and no missing key', async () => {
  await using world = await open();
  await writeFile(world.dataDir.vaultKeys, 'not JSON');
  await expect(world.probe.keys([world.keyId])).rejects.toThrow('is not JSON');
});
