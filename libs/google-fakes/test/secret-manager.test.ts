import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { credentials } from '@grpc/grpc-js';
import { fakeSecretManager } from '@runvoy/google-fakes';
import type { Authorize, FakeSecretManager } from '@runvoy/google-fakes';
import { GoogleAuth, grpc } from 'google-gax';
import { crc32c } from '../src/crc32c.ts';
import { projectNumber } from '../src/project-number.ts';

const PARENT = 'projects/p';
const AUTOMATIC = { replication: { automatic: {} } };
const { status } = grpc;

describe('the fake Secret Manager, spoken to by Google’s client', () => {
  let google: FakeSecretManager;
  let client: SecretManagerServiceClient;
  let isAllowed: Authorize = () => true;

  beforeEach(async () => {
    isAllowed = () => true;
    google = fakeSecretManager({ authorize: (...question) => isAllowed(...question) });
    const [apiEndpoint, port] = (await google.listenAs('reader@p')).host.split(':');
    const sslCreds = credentials.createInsecure();
    const auth = new GoogleAuth({ universeDomain: 'googleapis.com', projectId: 'p' });
    client = new SecretManagerServiceClient({ apiEndpoint: apiEndpoint!, port: Number(port), sslCreds, auth });
  });

  afterEach(async () => {
    await client.close();
    await google[Symbol.asyncDispose]();
  });

  const create = (secretId = 's', secret: object = AUTOMATIC) =>
    client.createSecret({ parent: PARENT, secretId, secret });
  const add = (data: Buffer | string) =>
    client.addSecretVersion({ parent: `${PARENT}/secrets/s`, payload: { data: Buffer.from(data) } });
  const access = (version: string) =>
    client.accessSecretVersion({ name: `${PARENT}/secrets/s/versions/${version}` }).then(([answer]) => answer);

  test('a version reads back with its checksum, under a name with the project’s number', async () => {
    await create();
    await add('first');
    await add('second');
    expect(await access('1')).toMatchObject({
      name: `projects/${projectNumber('p')}/secrets/s/versions/1`,
      payload: { data: Buffer.from('first'), dataCrc32c: String(crc32c(Buffer.from('first'))) },
    });
    expect(Buffer.from((await access('latest')).payload!.data as Uint8Array).toString()).toBe('second');
  });

  test('"latest" goes on naming the older version while it is held', async () => {
    await create();
    await add('first');
    google.store.holdLatest();
    await add('second');
    expect((await access('latest')).name).toMatch(/versions\/1$/);
    expect((await access('2')).name).toMatch(/versions\/2$/);
    google.store.releaseLatest();
    expect((await access('latest')).name).toMatch(/versions\/2$/);
  });

  test.each([
    ['a payload of 65,537 bytes', () => add(Buffer.alloc(65_537)), status.INVALID_ARGUMENT],
    ['an empty payload', () => add(''), status.INVALID_ARGUMENT],
    [
      'a payload with another checksum',
      () =>
        client.addSecretVersion({
          parent: `${PARENT}/secrets/s`,
          payload: { data: Buffer.from('x'), dataCrc32c: 1 },
        }),
      status.INVALID_ARGUMENT,
    ],
    ['an id with a dot', () => create('a.b'), status.INVALID_ARGUMENT],
    ['an id of 256 characters', () => create('a'.repeat(256)), status.INVALID_ARGUMENT],
    ['a secret without replication', () => create('t', {}), status.INVALID_ARGUMENT],
    ['a taken id', () => create('s'), status.ALREADY_EXISTS],
    ['a version that is not there', () => access('1'), status.NOT_FOUND],
    ['"latest" without versions', () => access('latest'), status.NOT_FOUND],
    ['a secret that is not there', () => client.getSecret({ name: `${PARENT}/secrets/t` }), status.NOT_FOUND],
    [
      'another etag',
      () => client.deleteSecret({ name: `${PARENT}/secrets/s`, etag: '"0"' }),
      status.FAILED_PRECONDITION,
    ],
    [
      'a filter it does not understand',
      () => client.listSecrets({ parent: PARENT, filter: 'create_time>1' }),
      status.INVALID_ARGUMENT,
    ],
  ])('%s is refused', async (_, ask, code) => {
    await create();
    await expect(ask()).rejects.toMatchObject({ code });
  });

  test('a payload of 65,536 bytes is taken', async () => {
    await create();
    await add(Buffer.alloc(65_536, 1));
    expect((await access('1')).payload!.data).toHaveLength(65_536);
  });

  test.each(['disable', 'destroy'] as const)('after %s a version is there and cannot be accessed', async (how) => {
    await create();
    await add('first');
    const name = `${PARENT}/secrets/s/versions/1`;
    await (how === 'disable' ? client.disableSecretVersion({ name }) : client.destroySecretVersion({ name }));
    await expect(access('1')).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
    const [version] = await client.getSecretVersion({ name });
    expect(version.state).toBe(how === 'disable' ? 'DISABLED' : 'DESTROYED');
    const enabled = client.enableSecretVersion({ name });
    if (how === 'disable') expect((await enabled)[0].state).toBe('ENABLED');
    else await expect(enabled).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
  });

  test('secrets are listed page by page and by label', async () => {
    for (const id of ['a', 'b', 'c']) await create(id, { ...AUTOMATIC, labels: { of: id } });
    const all: (string | null | undefined)[] = [];
    for await (const { name } of client.listSecretsAsync({ parent: PARENT, pageSize: 2 })) all.push(name);
    expect(all).toHaveLength(3);
    const [found] = await client.listSecrets({ parent: PARENT, filter: 'labels.of=b' });
    expect(found.map(({ labels }) => labels)).toEqual([{ of: 'b' }]);
  });

  test('labels and annotations are changed by mask, and the etag with them', async () => {
    const [before] = await create('s', { ...AUTOMATIC, labels: { a: '1' } });
    const [after] = await client.updateSecret({
      secret: { name: before.name!, annotations: { note: 'x' }, labels: {} },
      updateMask: { paths: ['annotations'] },
    });
    expect(after).toMatchObject({ labels: { a: '1' }, annotations: { note: 'x' } });
    expect(after.etag).not.toBe(before.etag);
  });

  test('who may not is refused before anything is said about what is there', async () => {
    await create();
    const asked: unknown[] = [];
    isAllowed = (...question) => {
      asked.push(question);
      return false;
    };
    await expect(access('7')).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    const name = `projects/${projectNumber('p')}/secrets/s/versions/7`;
    expect(asked).toEqual([['reader@p', 'secretmanager.versions.access', name]]);
  });

  test('a fault answers without doing, or does and answers as if not', async () => {
    google.faults.next({ method: 'CreateSecret', code: status.INTERNAL });
    await expect(create('a')).rejects.toMatchObject({ code: status.INTERNAL });
    google.faults.next({ method: 'CreateSecret', code: status.INTERNAL, afterwards: true });
    await expect(create('b')).rejects.toMatchObject({ code: status.INTERNAL });
    const [left] = await client.listSecrets({ parent: PARENT });
    expect(left.map(({ name }) => name!.split('/').at(-1))).toEqual(['b']);
  });
});

test('the checksum is CRC-32C', () => {
  // The check value of the CRC catalogue.
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});
