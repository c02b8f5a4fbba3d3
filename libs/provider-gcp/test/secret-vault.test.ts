import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '@runvoy/core';
import type { SecretVault } from '@runvoy/core';
import { secretVaultContract } from '@runvoy/core/contracts';
import { fakeSecretManager } from '@runvoy/google-fakes';
import type { FakeSecretManager } from '@runvoy/google-fakes';
import { openSecretManagerVault } from '@runvoy/provider-gcp';
import type { SecretManagerKeysOptions } from '../src/vault-keys.ts';

const PLACE = { collection: 'run-inputs', id: 'a', field: 'sealed' };
const SECRET = 'projects/p/secrets/runvoy-secrets-data-key';
const UNAVAILABLE = 14;
const PERMISSION_DENIED = 7;

describe('a vault with keys in Secret Manager', () => {
  let google: FakeSecretManager;
  beforeEach(() => {
    google = fakeSecretManager();
  });
  afterEach(() => google[Symbol.asyncDispose]());

  async function openVault(options: Partial<SecretManagerKeysOptions> = {}): Promise<SecretVault> {
    const { host } = await google.listenAs('orchestrator@p.iam.gserviceaccount.com');
    const place = { project: 'p', prefix: 'runvoy-secrets', endpoint: host };
    return openSecretManagerVault({ ...place, clock: systemClock, ...options });
  }

  const callsOf = (method: string) => google.calls.filter((call) => call.method === method);

  describe('keeps what every vault promises:', () => {
    secretVaultContract(async () => Object.assign(await openVault(), { [Symbol.asyncDispose]: async () => {} }));
  });

  test('asks nothing before it is used, then makes the key once and asks no more', async () => {
    const vault = await openVault();
    expect(google.calls).toEqual([]);
    const sealed = await vault.seal(Buffer.from('secret'), PLACE);
    await vault.open(await vault.seal(Buffer.from('other'), PLACE), PLACE);
    await vault.open(sealed, PLACE);
    expect(google.calls.map(({ method }) => method)).toEqual([
      'AccessSecretVersion',
      'CreateSecret',
      'AddSecretVersion',
    ]);
    expect(Buffer.from(sealed).toString()).toMatch(/^v1\.1\.[\w-]{16}\.[\w-]{30}$/);
  });

  test('opened by another service, reads the key that is there', async () => {
    const sealed = await (await openVault()).seal(Buffer.from('secret'), PLACE);
    const other = await openVault();
    expect(Buffer.from(await other.open(sealed, PLACE)).toString()).toBe('secret');
    expect(callsOf('AddSecretVersion')).toHaveLength(1);
  });

  test('used by five services at once for the first time, agrees on one key', async () => {
    const vaults = await Promise.all(Array.from({ length: 5 }, () => openVault()));
    const sealed = await Promise.all(vaults.map((vault) => vault.seal(Buffer.from('secret'), PLACE)));
    for (const vault of vaults)
      for (const value of sealed) expect(Buffer.from(await vault.open(value, PLACE)).toString()).toBe('secret');
    expect(callsOf('AddSecretVersion')).toHaveLength(1);
    expect(google.store.versions(google.store.canonical(SECRET))).toHaveLength(1);
  });

  test('adds the key when whoever created the secret died before', async () => {
    google.store.create('projects/p', 'runvoy-secrets-data-key', { replication: { automatic: {} } });
    const vault = await openVault({ clock: { sleep: async () => {}, now: Date.now } });
    const sealed = await vault.seal(Buffer.from('secret'), PLACE);
    expect(Buffer.from(await vault.open(sealed, PLACE)).toString()).toBe('secret');
  });

  test('seals with the version it has just added, though "latest" does not know it yet', async () => {
    google.store.holdLatest();
    const vault = await openVault({ clock: { sleep: async () => {}, now: Date.now } });
    expect(Buffer.from(await vault.seal(Buffer.from('x'), PLACE)).toString()).toMatch(/^v1\.1\./);
  });

  test('seals with a new version after a restart, and opens what older ones sealed', async () => {
    const first = await openVault();
    const old = await first.seal(Buffer.from('old'), PLACE);
    google.store.addVersion(google.store.canonical(SECRET), { data: Buffer.alloc(32, 7) });
    expect(Buffer.from(await first.seal(Buffer.from('x'), PLACE)).toString()).toMatch(/^v1\.1\./);

    const restarted = await openVault();
    const young = await restarted.seal(Buffer.from('young'), PLACE);
    expect(Buffer.from(young).toString()).toMatch(/^v1\.2\./);
    expect(Buffer.from(await restarted.open(old, PLACE)).toString()).toBe('old');
    expect(Buffer.from(await first.open(young, PLACE)).toString()).toBe('young');
  });

  test('seals with a rotated key at once; another service does so within five minutes, and never goes back', async () => {
    let nowMs = 0;
    const clock = { sleep: async () => {}, now: () => nowMs };
    const [one, other] = [await openVault({ clock }), await openVault({ clock })];
    const old = await one.seal(Buffer.from('old'), PLACE);
    await other.seal(Buffer.from('x'), PLACE);
    google.store.holdLatest();
    expect(await one.keys!.rotate()).toBe('2');
    expect(await one.keys!.current()).toBe('2');
    expect(Buffer.from(await one.seal(Buffer.from('x'), PLACE)).toString()).toMatch(/^v1\.2\./);
    expect([await one.keys!.isOlder('1'), await other.keys!.isOlder('1'), await other.keys!.isOlder('2')]).toEqual([
      true,
      false,
      false,
    ]);
    nowMs += 5 * 60_000;
    // "latest" does not know it yet: who does, keeps to it; who asked in vain, asks again later.
    expect([await one.keys!.current(), await other.keys!.current()]).toEqual(['2', '1']);
    google.store.releaseLatest();
    nowMs += 5 * 60_000;
    google.faults.next({ method: 'AccessSecretVersion', code: UNAVAILABLE });
    const asked = [await one.keys!.current(), await other.keys!.current()];
    expect(asked[0]).toBe('2');
    nowMs += 5 * 60_000;
    expect(await other.keys!.current()).toBe('2');
    expect(Buffer.from(await other.open(old, PLACE)).toString()).toBe('old');
  });

  test('a value whose key was disabled does not open, and opens once it is enabled again', async () => {
    const sealed = await (await openVault()).seal(Buffer.from('secret'), PLACE);
    const version = `${google.store.canonical(SECRET)}/versions/1`;
    google.store.turn(version, 'DISABLED');
    const vault = await openVault();
    await expect(vault.open(sealed, PLACE)).rejects.toMatchObject({
      code: 'INTERNAL_ERROR',
      cause: { message: expect.stringContaining('needs key 1, which the secret runvoy-secrets-data-key') },
    });
    google.store.turn(version, 'ENABLED');
    expect(Buffer.from(await vault.open(sealed, PLACE)).toString()).toBe('secret');
  });

  test.each(['2', '0', '-1', '1/../2', 'latest', '../../other-secret/versions/1', ''])(
    'a value that names key %j does not open, and asks for nothing that is no version',
    async (id) => {
      const vault = await openVault();
      const [, , ...rest] = Buffer.from(await vault.seal(Buffer.from('secret'), PLACE))
        .toString()
        .split('.');
      const before = google.calls.length;
      const forged = Buffer.from(['v1', id, ...rest].join('.'));
      await expect(vault.open(forged, PLACE)).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
      expect(google.calls.length - before).toBe(id === '2' ? 1 : 0);
    },
  );

  test('a Secret Manager that fails says nothing about the value, and is asked again', async () => {
    const sealed = await (await openVault()).seal(Buffer.from('secret'), PLACE);
    const vault = await openVault();
    google.faults.next({ method: 'AccessSecretVersion', code: PERMISSION_DENIED });
    await expect(vault.open(sealed, PLACE)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      cause: { message: expect.stringContaining('runvoy-secrets-data-key could not be used: 7 PERMISSION_DENIED') },
    });
    google.faults.next({ method: 'AccessSecretVersion', code: PERMISSION_DENIED });
    await expect(vault.seal(Buffer.from('x'), PLACE)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(Buffer.from(await vault.open(sealed, PLACE)).toString()).toBe('secret');
    expect(Buffer.from(await vault.seal(Buffer.from('x'), PLACE)).toString()).toMatch(/^v1\.1\./);
  });

  test('an answer lost after the key was added leaves every sealed value openable', async () => {
    google.faults.next({ method: 'AddSecretVersion', code: UNAVAILABLE, afterwards: true });
    const vault = await openVault();
    await expect(vault.seal(Buffer.from('x'), PLACE)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const sealed = await vault.seal(Buffer.from('secret'), PLACE);
    expect(Buffer.from(await (await openVault()).open(sealed, PLACE)).toString()).toBe('secret');
    expect(callsOf('AddSecretVersion')).toHaveLength(1);
  });

  test('a version that holds no key is refused by name', async () => {
    google.store.create('projects/p', 'runvoy-secrets-data-key', { replication: { automatic: {} } });
    google.store.addVersion(google.store.canonical(SECRET), { data: Buffer.from('password') });
    await expect((await openVault()).seal(Buffer.from('x'), PLACE)).rejects.toMatchObject({
      cause: { message: expect.stringContaining('versions/latest holds no key of 32 bytes') },
    });
  });

  test.each([
    ['global', { automatic: { customerManagedEncryption: { kmsKeyName: kmsKeyIn('global') } } }],
    [
      'europe-west1',
      {
        userManaged: {
          replicas: [{ location: 'europe-west1', customerManagedEncryption: { kmsKeyName: kmsKeyIn('europe-west1') } }],
        },
      },
    ],
  ])('the secret is encrypted with the given key in %s, where it can be', async (location, replication) => {
    await (await openVault({ kmsKey: kmsKeyIn(location) })).seal(Buffer.from('x'), PLACE);
    expect(google.store.secret(google.store.canonical(SECRET)).shown.replication).toMatchObject(replication);
  });
});

function kmsKeyIn(location: string): string {
  return `projects/p/locations/${location}/keyRings/runvoy/cryptoKeys/secrets`;
}
