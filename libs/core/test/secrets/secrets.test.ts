import { describe, expect, test } from '@jest/globals';
import type { CreateSecretRequest } from '@runvoy/protocol';
import type { Caller } from '../../src/access/authenticate.ts';
import { userRef } from '../../src/access/user.ts';
import { secretRef } from '../../src/secrets/secret.ts';
import {
  createSecret,
  grantSecret,
  listSecrets,
  readSecret,
  removeSecret,
  ungrantSecret,
  updateSecret,
} from '../../src/secrets/secrets.ts';
import { manualClock } from '../../src/time/clock.ts';
import { MemoryRecords } from '../memory-records.ts';
import { callerOf } from '../run-world.ts';
import { testVault } from '../test-vault.ts';

const ANN = callerOf('developer', 'ann@example.com');
const BOB = callerOf('developer', 'bob@example.com');
const TOKEN = { name: 'github', key_name: 'GITHUB_TOKEN', value: 'correct-horse' };

function openSecrets() {
  const deps = { records: new MemoryRecords(), vault: testVault, clock: manualClock(7) };
  const by = (caller: Caller) => ({ caller, requestId: `req-${caller.user.role}` });
  return {
    deps,
    by,
    create: (request: Partial<CreateSecretRequest> = {}, caller = ANN) =>
      createSecret(deps, { ...TOKEN, ...request }, by(caller)),
  };
}

describe('creating', () => {
  test.each([
    [{ name: ' ' }, 'INVALID_REQUEST', 'name is required'],
    [{ name: 'a/b' }, 'UNPROCESSABLE', '"a/b" is no name of a secret'],
    [{ name: '-x' }, 'UNPROCESSABLE', 'begins with a letter or digit'],
    [{ name: 'n'.repeat(256) }, 'UNPROCESSABLE', 'name is 256 characters; the limit is 255'],
    [{ key_name: '' }, 'INVALID_REQUEST', 'key_name is required'],
    [{ key_name: 'A=B' }, 'UNPROCESSABLE', 'key_name "A=B" is no variable that a shell can read'],
    [{ key_name: 'a b' }, 'UNPROCESSABLE', 'no variable that a shell can read'],
    [{ key_name: 'K_SERVICE' }, 'UNPROCESSABLE', 'K_SERVICE is set by the platform'],
    [{ key_name: 'PATH' }, 'UNPROCESSABLE', 'key_name: PATH is what a shell itself goes by'],
    [{ value: '' }, 'INVALID_REQUEST', 'value is required'],
    [{ value: 'a\0b' }, 'UNPROCESSABLE', 'the value of GITHUB_TOKEN holds a NUL byte'],
    [
      { value: 'v'.repeat(32_769) },
      'PAYLOAD_TOO_LARGE',
      'secret: the value of GITHUB_TOKEN is 32769 bytes; the limit is 32768',
    ],
    [{ description: 'd'.repeat(1_001) }, 'UNPROCESSABLE', 'description is 1001 characters; the limit is 1000'],
  ])('%j is refused, naming what is wrong and never the value', async (request, code, text) => {
    const error = await openSecrets()
      .create(request)
      .then(
        () => undefined,
        (reason: Error) => reason,
      );
    expect(error).toMatchObject({ code, message: expect.stringContaining(text) });
    expect(error?.message).not.toContain(TOKEN.value);
  });

  test('a name is taken once', async () => {
    const { create } = openSecrets();
    await create();
    await expect(create({}, BOB)).rejects.toMatchObject({ code: 'SECRET_ALREADY_EXISTS' });
  });

  test('the stored record shows nothing of the value', async () => {
    const { deps, create } = openSecrets();
    await create();
    const stored = (await deps.records.get(secretRef('github')))!.value;
    expect(Buffer.from(stored.sealed).includes(TOKEN.value)).toBe(false);
    expect(JSON.stringify({ ...stored, sealed: '' })).not.toContain(TOKEN.value);
  });

  test('a value sealed under one name does not open under another', async () => {
    const { deps, by, create } = openSecrets();
    await create();
    const { sealed } = (await deps.records.get(secretRef('github')))!.value;
    const other = await create({ name: 'other', value: 'x' });
    await deps.records.transact(async (tx) => tx.set(secretRef('other'), { ...other, sealed }));
    await expect(readSecret(deps, 'other', by(ANN))).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
  });
});

describe('who may', () => {
  test('the value is read by its owner and by operators, and by nobody who was only granted the use', async () => {
    const { deps, by, create } = openSecrets();
    await create({ value: '\uFEFFä\r\n' });
    await deps.records.create(userRef('bob@example.com'), BOB.user);
    await grantSecret(deps, 'github', 'Bob@example.com', by(ANN));
    for (const caller of [ANN, callerOf('operator'), callerOf('admin')]) {
      expect((await readSecret(deps, 'github', by(caller))).value).toBe('\uFEFFä\r\n');
    }
    for (const caller of [BOB, callerOf('viewer')]) {
      await expect(readSecret(deps, 'github', by(caller))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
  });

  test('to who may not read it, a secret that exists and one that does not are the same', async () => {
    const { deps, by, create } = openSecrets();
    await create();
    const errors = await Promise.all(
      ['github', 'nothing'].map((name) => readSecret(deps, name, by(BOB)).catch((error: Error) => error.message)),
    );
    expect(errors[0]).toBe(errors[1]);
    await expect(readSecret(deps, 'nothing', by(callerOf('admin')))).rejects.toMatchObject({
      code: 'SECRET_NOT_FOUND',
    });
  });

  test('a list holds what the caller may use, by name', async () => {
    const { deps, by, create } = openSecrets();
    await create({ name: 'b' });
    await create({ name: 'a' }, BOB);
    await create({ name: 'c' }, callerOf('admin'));
    await deps.records.create(userRef('ann@example.com'), ANN.user);
    await grantSecret(deps, 'c', 'ann@example.com', by(callerOf('operator')));
    const namesFor = async (caller: Caller) => (await listSecrets(deps, caller)).map(({ name }) => name);
    expect(await namesFor(ANN)).toEqual(['b', 'c']);
    expect(await namesFor(BOB)).toEqual(['a']);
    expect(await namesFor(callerOf('operator'))).toEqual(['a', 'b', 'c']);
    await ungrantSecret(deps, 'c', 'ann@example.com', by(callerOf('admin')));
    expect(await namesFor(ANN)).toEqual(['b']);
    await expect(listSecrets(deps, callerOf('viewer'))).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test('a developer changes own secrets only; an operator any', async () => {
    const { deps, by, create } = openSecrets();
    await create();
    await expect(updateSecret(deps, 'github', { value: 'new' }, by(BOB))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(removeSecret(deps, 'github', by(BOB))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(grantSecret(deps, 'github', 'bob@example.com', by(BOB))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await updateSecret(deps, 'github', { value: 'new' }, by(callerOf('operator')));
    expect((await readSecret(deps, 'github', by(ANN))).value).toBe('new');
  });
});

describe('changing', () => {
  test('what is left out or empty stays, and who changed it is kept', async () => {
    const { deps, by, create } = openSecrets();
    await create({ description: 'for releases' });
    deps.clock.advance(10);
    await updateSecret(deps, 'github', { value: '', key_name: 'GH_TOKEN' }, by(callerOf('operator')));
    const { secret, value } = await readSecret(deps, 'github', by(ANN));
    expect({ ...secret, value }).toMatchObject({
      value: TOKEN.value,
      key_name: 'GH_TOKEN',
      description: 'for releases',
      created_by: 'ann@example.com',
      updated_by: 'operator@example.com',
      created_at_ms: 7,
      updated_at_ms: 17,
      created_by_request_id: 'req-developer',
      modified_by_request_id: 'req-operator',
    });
  });

  test.each([
    [{}, 'Nothing to change'],
    [{ value: '', key_name: '' }, 'Nothing to change'],
    [{ key_name: 'A=B' }, 'no variable that a shell can read'],
    [{ value: 'a\0b' }, 'holds a NUL byte'],
  ])('%j is refused', async (request, text) => {
    const { deps, by, create } = openSecrets();
    await create();
    await expect(updateSecret(deps, 'github', request, by(ANN))).rejects.toThrow(text);
    expect((await readSecret(deps, 'github', by(ANN))).value).toBe(TOKEN.value);
  });

  test('a grant is for a user there is, once, and within its limit', async () => {
    const { deps, by, create } = openSecrets();
    const secret = await create();
    await expect(grantSecret(deps, 'github', 'nobody@example.com', by(ANN))).rejects.toThrow('No user nobody@example');
    await deps.records.create(userRef('bob@example.com'), BOB.user);
    await grantSecret(deps, 'github', 'bob@example.com', by(ANN));
    expect((await grantSecret(deps, 'github', 'BOB@example.com', by(ANN))).granted_to).toEqual(['bob@example.com']);
    const full = Array.from({ length: 1_000 }, (_, index) => `u${index}@example.com`);
    await deps.records.transact(async (tx) => tx.set(secretRef('github'), { ...secret, granted_to: full }));
    await expect(grantSecret(deps, 'github', 'bob@example.com', by(ANN))).rejects.toThrow('at most 1000 grants');
  });

  test('a removed secret is gone, and its name free', async () => {
    const { deps, by, create } = openSecrets();
    await create();
    await removeSecret(deps, 'github', by(ANN));
    await expect(readSecret(deps, 'github', by(callerOf('admin')))).rejects.toMatchObject({ code: 'SECRET_NOT_FOUND' });
    await create({}, BOB);
  });
});
