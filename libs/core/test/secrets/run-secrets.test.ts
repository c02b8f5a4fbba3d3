import { describe, expect, test } from '@jest/globals';
import { openRunInput, runInputRef } from '../../src/executions/run-input.ts';
import { createSecret, removeSecret, updateSecret } from '../../src/secrets/secrets.ts';
import { callerOf, RunWorld } from '../run-world.ts';

const ADMIN = callerOf('admin');
const by = { caller: ADMIN, requestId: 'r' };

async function openWorld() {
  const world = await RunWorld.open();
  world.policy = { ...world.policy, trustAllUsers: true };
  const create = (name: string, key_name: string, value: string) => createSecret(world, { name, key_name, value }, by);
  const inputOf = async (id: string) => openRunInput(world.vault, (await world.records.get(runInputRef(id)))!.value);
  return { world, create, inputOf };
}

describe('a run that names secrets', () => {
  test('is given their values apart from its environment, and keeps their names', async () => {
    const { world, create, inputOf } = await openWorld();
    await create('db', 'DATABASE_URL', 'postgres://u:p@h/d');
    const { execution } = await world.submit({ secrets: [' db ', 'db'], env: { A: '1' } });
    expect(execution.secrets).toEqual(['db']);
    expect(await inputOf(execution.execution_id)).toEqual({
      env: { A: '1' },
      secrets: { DATABASE_URL: 'postgres://u:p@h/d' },
    });
    expect(JSON.stringify(execution)).not.toContain('postgres');
  });

  test('keeps the values it was accepted with, whatever becomes of the secrets', async () => {
    const { world, create, inputOf } = await openWorld();
    await create('db', 'DB', 'old value');
    const { execution } = await world.submit({ secrets: ['db'] });
    await updateSecret(world, 'db', { value: 'new value' }, by);
    await removeSecret(world, 'db', by);
    expect((await inputOf(execution.execution_id)).secrets).toEqual({ DB: 'old value' });
  });

  test('what it says itself of a variable wins', async () => {
    const { world, create, inputOf } = await openWorld();
    await create('db', 'DB', 'of the secret');
    const { execution } = await world.submit({ secrets: ['db'], env: { DB: 'of the run' } });
    expect(await inputOf(execution.execution_id)).toEqual({ env: { DB: 'of the run' }, secrets: {} });
  });

  test('is refused when two of them want one variable', async () => {
    const { world, create } = await openWorld();
    await create('one', 'DB', 'a');
    await create('two', 'DB', 'b');
    await expect(world.submit({ secrets: ['one', 'two'] })).rejects.toThrow('Secrets one and two both go into DB');
  });

  test('may use its own and what was granted; of the others nobody learns whether they exist', async () => {
    const { world, create } = await openWorld();
    await create('db', 'DB', 'a');
    const caller = callerOf('developer');
    const refusals = await Promise.all(
      ['db', 'no'].map((name) => world.submit({ secrets: [name] }, { caller }).catch((error: Error) => error)),
    );
    expect(refusals.map((error) => (error as Error).message.replace(/secret \w+/, 'secret x'))).toEqual([
      'No secret x that you may use. List those you may with "runvoy secrets list".',
      'No secret x that you may use. List those you may with "runvoy secrets list".',
    ]);
    await createSecret(world, { name: 'own', key_name: 'OWN', value: 'b' }, { caller, requestId: 'r' });
    expect((await world.submit({ secrets: ['own'] }, { caller })).execution.secrets).toEqual(['own']);
  });

  test('secrets count for the limits of an environment', async () => {
    const { world, create } = await openWorld();
    for (let n = 0; n < 9; n++) await create(`s${n}`, `S${n}`, 'x'.repeat(32_000));
    const secrets = Array.from({ length: 9 }, (_, n) => `s${n}`);
    await expect(world.submit({ secrets })).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  });
});
