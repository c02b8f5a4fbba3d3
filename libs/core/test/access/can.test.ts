import { expect, test } from '@jest/globals';
import { can } from '../../src/access/can.ts';
import { userRef } from '../../src/access/user.ts';
import { createSecret, grantSecret } from '../../src/secrets/secrets.ts';
import { callerOf, RunWorld } from '../run-world.ts';

const ANN = callerOf('developer', 'ann@example.com');
const BOB = callerOf('developer', 'bob@example.com');

test('the answer says who holds the permission, what the caller is and whether the thing is theirs', async () => {
  const world = await RunWorld.open();
  world.policy = { ...world.policy, trustAllUsers: true };
  const { execution } = await world.submit({}, { caller: ANN });
  const thing = `execution:${execution.execution_id}`;
  expect(await can(world, ANN, 'execution.stop', thing)).toEqual({
    allowed: true,
    rule: `"execution.stop" needs one of: admin, operator, owner. Your role is developer. ${thing} is yours.`,
  });
  expect(await can(world, BOB, 'execution.stop', thing)).toEqual({
    allowed: false,
    rule: `"execution.stop" needs one of: admin, operator, owner. Your role is developer. ${thing} is not yours.`,
  });
  expect(await can(world, BOB, 'users.create', undefined)).toMatchObject({ allowed: false });
  expect(await can(world, callerOf('admin'), 'users.create', undefined)).toMatchObject({ allowed: true });
});

test('a grant lets use a secret and nothing else', async () => {
  const world = await RunWorld.open();
  await world.records.create(userRef('bob@example.com'), BOB.user);
  const by = { caller: ANN, requestId: 'r' };
  await createSecret(world, { name: 's', key_name: 'S', value: 'v' }, by);
  await grantSecret(world, 's', 'bob@example.com', by);
  const answers = await Promise.all(
    ['secret.use', 'secret.read', 'secret.change'].map((permission) => can(world, BOB, permission, 'secret:s')),
  );
  expect(answers.map(({ allowed }) => allowed)).toEqual([true, false, false]);
});

test('a thing that does not exist counts as somebody else’s', async () => {
  const world = await RunWorld.open();
  for (const thing of [`execution:${'0'.repeat(32)}`, 'execution:nothing', 'secret:no']) {
    expect((await can(world, ANN, 'execution.read', thing)).allowed).toBe(false);
  }
});

test.each([
  ['fly', undefined, 'There is no permission "fly"'],
  ['__proto__', undefined, 'There is no permission'],
  ['secret.use', 'github', 'A thing is execution:<id>, secret:<name> or playbook:<name>; got "github"'],
])('%s about %s is refused', async (permission, thing, text) => {
  const world = await RunWorld.open();
  await expect(can(world, ANN, permission, thing)).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
    message: expect.stringContaining(text),
  });
});
