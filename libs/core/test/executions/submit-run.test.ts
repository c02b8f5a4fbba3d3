import { describe, expect, test } from '@jest/globals';
import { LIMITS, type Role, type RunRequest } from '@runvoy/protocol';
import { hashToken } from '../../src/access/tokens.ts';
import { executionRef } from '../../src/executions/execution.ts';
import { openRunInput, runInputRef } from '../../src/executions/run-input.ts';
import { applyEvidence } from '../../src/executions/store-execution.ts';
import { registerImage } from '../../src/images/register-image.ts';
import { removeImage } from '../../src/images/resolve-image.ts';
import { callerOf, RunWorld, T0 } from '../run-world.ts';

test('an accepted run is stored as STARTING with its first attempt, before anything starts', async () => {
  const world = await RunWorld.open();
  const { execution, order } = await world.submit({ command: 'make test', timeout: 90, grace: 2.5 });
  expect((await world.records.get(executionRef(execution.execution_id)))?.value).toMatchObject({
    execution_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    created_by: 'admin@example.com',
    owned_by: ['admin@example.com'],
    command: 'make test',
    image: 'host',
    isolation: 'process',
    timeout_s: 90,
    grace_ms: 2_500,
    max_log_bytes: 1_000_000,
    request_id: 'req-1',
    started_at_ms: T0,
    cloud: 'LOCAL',
    status: 'STARTING',
    unfinished: true,
    facts: { attempts: [{ attempt: 1, token_hash: hashToken(order!.token), made_at_ms: T0 }] },
  });
  expect(world.jobs.started).toEqual([]);
});

test('what nobody asked for is the default', async () => {
  const world = await RunWorld.open();
  const { execution } = await world.submit({ timeout: 0 });
  expect(execution).toMatchObject({ timeout_s: 3_600, grace_ms: LIMITS.graceDefaultMs, isolation: 'process' });
});

test('the order to the platform holds neither command nor environment', async () => {
  const world = await RunWorld.open();
  const { execution, order } = await world.submit({ command: 'hidden command', env: { SHOWN: 'hidden value' } });
  expect(order).toMatchObject({ execution_id: execution.execution_id, attempt: 1, image: 'host', timeout_s: 3_600 });
  expect(JSON.stringify(order)).not.toContain('hidden');
});

test('the account that the image names is the platform’s to run it as', async () => {
  const world = await RunWorld.open();
  const task_role_name = 'job@my-project.iam.gserviceaccount.com';
  await registerImage(
    world,
    { image: 'host', cpu: 512, task_role_name, is_default: true },
    { email: 'a@b', requestId: 'r' },
  );
  const { execution, order } = await world.submit({});
  expect([execution.service_account, order?.service_account]).toEqual([task_role_name, task_role_name]);
});

describe('the environment', () => {
  test('is nowhere in the execution record, nor readable beside it', async () => {
    const world = await RunWorld.open();
    const { execution } = await world.submit({ env: { PLAIN_NAME: 'plain value', DB_PASSWORD: 'secret value' } });
    const stored = JSON.stringify((await world.records.get(executionRef(execution.execution_id)))?.value);
    for (const word of ['PLAIN_NAME', 'plain value', 'DB_PASSWORD', 'secret value']) expect(stored).not.toContain(word);
    expect(world.records.contents()).not.toMatch(/plain value|secret value|PLAIN_NAME/);
    const { sealed } = (await world.records.get(runInputRef(execution.execution_id)))!.value;
    expect(Buffer.from(sealed).toString()).not.toContain('value');
  });

  test('is parted by names that look secret, in any case', async () => {
    const world = await RunWorld.open();
    const secrets = {
      AWS_ACCESS_KEY_ID: '1',
      api_key: '2',
      DbPassword: '3',
      PRIVATE_KEY_PEM: '4',
      MY_SECRET: '5',
      GITHUB_TOKEN: '6',
    };
    const env = { PATH_EXTRA: '7', KEY: '8', PASS: '9' };
    const { execution } = await world.submit({ env: { ...env, ...secrets } });
    const input = (await world.records.get(runInputRef(execution.execution_id)))!.value;
    expect(await openRunInput(world.vault, input)).toEqual({ env, secrets });
  });

  test('of a run without variables is not stored at all', async () => {
    const world = await RunWorld.open();
    const { execution } = await world.submit();
    expect(execution.without_input).toBe(true);
    expect(world.records.writes.filter((write) => write.includes('run-inputs'))).toEqual([]);
  });

  test('goes a day after the deadline, should the end of its run never be stored', async () => {
    const world = await RunWorld.open();
    const { execution } = await world.submit({ timeout: 60, env: { A: '1' } });
    const { delete_at_ms } = (await world.records.get(runInputRef(execution.execution_id)))!.value;
    expect(delete_at_ms).toBe(T0 + 60_000 + 86_400_000);
  });
});

interface Refusal {
  readonly name: string;
  readonly request: Partial<RunRequest>;
  readonly code: string;
  readonly text: string;
}

const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`V${index}`, '']));
const heavy = (bytes: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`V${index}`, 'x'.repeat(bytes / 8 - 2)]));

const REFUSALS: readonly Refusal[] = [
  { name: 'no command', request: { command: ' \n ' }, code: 'INVALID_REQUEST', text: 'command is required' },
  {
    name: 'a command beyond its limit',
    request: { command: 'x'.repeat(LIMITS.commandBytes + 1) },
    code: 'PAYLOAD_TOO_LARGE',
    text: 'command is 262145 bytes; the limit is 262144.',
  },
  {
    name: 'a command beyond its limit in bytes, not in characters',
    request: { command: 'é'.repeat(LIMITS.commandBytes / 2) + 'x' },
    code: 'PAYLOAD_TOO_LARGE',
    text: 'command is 262145 bytes',
  },
  {
    name: 'a NUL in the command',
    request: { command: 'a\0b' },
    code: 'UNPROCESSABLE',
    text: 'command holds a NUL byte',
  },
  {
    name: 'too many variables',
    request: { env: many(LIMITS.envEntries + 1) },
    code: 'PAYLOAD_TOO_LARGE',
    text: 'env has 1001 entries; the limit is 1000.',
  },
  {
    name: 'a value beyond its limit',
    request: { env: { BIG: 'x'.repeat(LIMITS.envValueBytes + 1) } },
    code: 'PAYLOAD_TOO_LARGE',
    text: 'env: the value of BIG is 32769 bytes; the limit is 32768.',
  },
  {
    name: 'a name beyond its limit',
    request: { env: { ['N'.repeat(LIMITS.envNameBytes + 1)]: '' } },
    code: 'PAYLOAD_TOO_LARGE',
    text: 'is 257 bytes; the limit is 256.',
  },
  {
    name: 'an environment beyond its limit in all',
    request: { env: { ...heavy(LIMITS.envTotalBytes), X: '' } },
    code: 'PAYLOAD_TOO_LARGE',
    text: 'env is 262145 bytes in all; the limit is 262144.',
  },
  { name: 'a variable without a name', request: { env: { '': 'x' } }, code: 'UNPROCESSABLE', text: 'env: "" is not' },
  {
    name: 'a variable name with =',
    request: { env: { 'A=B': 'x' } },
    code: 'UNPROCESSABLE',
    text: 'env: "A=B" is not',
  },
  {
    name: 'a variable name with NUL',
    request: { env: { 'A\0': 'x' } },
    code: 'UNPROCESSABLE',
    text: 'is not a variable',
  },
  {
    name: 'a NUL in a value',
    request: { env: { A: 'x\0' } },
    code: 'UNPROCESSABLE',
    text: 'the value of A holds a NUL',
  },
  ...['PORT', 'K_SERVICE', 'CLOUD_RUN_JOB', 'X_GOOGLE_X', 'RUNVOY_EXECUTION_ID'].map((name) => ({
    name: `the platform's variable ${name}`,
    request: { env: { [name]: 'x' } },
    code: 'UNPROCESSABLE',
    text: `env: ${name} is set by the platform`,
  })),
  {
    name: 'a negative timeout',
    request: { timeout: -1 },
    code: 'UNPROCESSABLE',
    text: 'timeout must be a whole number',
  },
  { name: 'half a second of timeout', request: { timeout: 0.5 }, code: 'UNPROCESSABLE', text: 'timeout must be' },
  {
    name: 'a timeout beyond the limit',
    request: { timeout: 7_201 },
    code: 'UNPROCESSABLE',
    text: 'timeout is 7201 s; the limit is 7200 s.',
  },
  { name: 'a negative grace', request: { grace: -1 }, code: 'UNPROCESSABLE', text: 'grace must be 0 to 3600' },
  {
    name: 'a grace beyond the limit',
    request: { grace: 3_601 },
    code: 'UNPROCESSABLE',
    text: 'grace must be 0 to 3600',
  },
  {
    name: 'a grace that is no number',
    request: { grace: NaN },
    code: 'UNPROCESSABLE',
    text: 'grace must be 0 to 3600',
  },
  {
    name: 'a nameless secret',
    request: { secrets: [' '] },
    code: 'INVALID_REQUEST',
    text: 'secret names cannot be empty',
  },
  { name: 'a secret nobody stored', request: { secrets: ['db'] }, code: 'SECRET_NOT_FOUND', text: 'No secret db that' },
  { name: 'an unknown image', request: { image: 'nosuch:1' }, code: 'IMAGE_NOT_FOUND', text: 'Image nosuch:1' },
  {
    name: 'an isolation that is not there',
    request: { isolation: 'bubblewrap' },
    code: 'ISOLATION_UNAVAILABLE',
    text: 'Isolation bubblewrap is not available here; available: container, process.',
  },
  {
    name: 'a repository from a directory nobody named',
    request: { git_repo: 'file:///srv/a.git' },
    code: 'UNPROCESSABLE',
    text: 'RUNVOY_LOCAL_GIT_ROOTS',
  },
  {
    name: 'a ref without a repository',
    request: { git_ref: 'main' },
    code: 'UNPROCESSABLE',
    text: 'git_ref and git_path',
  },
];

describe('asked for again', () => {
  test('a run that was accepted is answered although its image is gone', async () => {
    const world = await RunWorld.open();
    const { execution } = await world.submit({}, { idempotencyKey: 'k' });
    await removeImage(world, execution.image_id, { email: 'admin@example.com', requestId: 'r' });
    expect((await world.submit({}, { idempotencyKey: 'k' })).execution.execution_id).toBe(execution.execution_id);
    await expect(world.submit()).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  });
});

describe('refused, with nothing stored', () => {
  test.each(REFUSALS)('$name', async ({ request, code, text }) => {
    const world = await RunWorld.open();
    const writes = world.records.writes.length;
    const refusal = world.submit(request);
    await expect(refusal).rejects.toMatchObject({ code });
    await expect(refusal).rejects.toThrow(text);
    expect(world.records.writes).toHaveLength(writes);
  });

  test('an Idempotency-Key that is empty or too long', async () => {
    const world = await RunWorld.open();
    await expect(world.submit({}, { idempotencyKey: '' })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    await expect(world.submit({}, { idempotencyKey: 'k'.repeat(LIMITS.idempotencyKeyChars + 1) })).rejects.toThrow(
      'Idempotency-Key is 256 characters; the limit is 255.',
    );
  });
});

describe('accepted', () => {
  const accepted: readonly (readonly [string, Partial<RunRequest>])[] = [
    ['a command of the greatest size', { command: 'x'.repeat(LIMITS.commandBytes) }],
    ['as many variables as allowed', { env: many(LIMITS.envEntries) }],
    ['a value of the greatest size', { env: { BIG: 'x'.repeat(LIMITS.envValueBytes) } }],
    ['a name of the greatest size', { env: { ['N'.repeat(LIMITS.envNameBytes)]: '' } }],
    ['an environment of the greatest size', { env: heavy(LIMITS.envTotalBytes) }],
    ['the longest timeout', { timeout: 7_200 }],
    ['no grace and the longest grace', { grace: 0 }],
    ['the longest grace', { grace: 3_600 }],
    ['a variable whose name only looks like a reserved one', { env: { PORTS: '1', MY_K_SERVICE: '2' } }],
    ['a variable named __proto__', { env: JSON.parse('{"__proto__":"x"}') as Record<string, string> }],
  ];
  test.each(accepted)('%s', async (_, request) => {
    const world = await RunWorld.open();
    const { execution } = await world.submit(request);
    const input = (await world.records.get(runInputRef(execution.execution_id)))?.value;
    const env = input === undefined ? {} : (await openRunInput(world.vault, input)).env;
    expect(Object.keys(env)).toEqual(Object.keys(request.env ?? {}));
  });

  test('an Idempotency-Key of the greatest length', async () => {
    const world = await RunWorld.open();
    await world.submit({}, { idempotencyKey: 'k'.repeat(LIMITS.idempotencyKeyChars) });
  });
});

describe('who may run', () => {
  test('a viewer may not, wherever', async () => {
    const world = await RunWorld.open();
    world.policy = { ...world.policy, trustAllUsers: true };
    await expect(world.submit({}, { caller: callerOf('viewer') })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test.each<Role>(['developer', 'operator'])(
    'a %s may not without isolation, unless all users are trusted',
    async (role) => {
      const world = await RunWorld.open();
      const caller = callerOf(role);
      await expect(world.submit({}, { caller })).rejects.toThrow('RUNVOY_LOCAL_TRUST_ALL_USERS');
      await expect(world.submit({ isolation: 'process' }, { caller })).rejects.toMatchObject({ code: 'FORBIDDEN' });
      world.policy = { ...world.policy, trustAllUsers: true };
      expect((await world.submit({}, { caller })).execution.created_by).toBe(caller.user.email);
    },
  );

  test('a developer may in a container', async () => {
    const world = await RunWorld.open();
    world.policy = { ...world.policy, isolation: 'container' };
    expect((await world.submit({}, { caller: callerOf('developer') })).execution.isolation).toBe('container');
  });
});

describe('isolation', () => {
  test('an image cannot be had as a plain process, unless the caller waives it by name', async () => {
    const world = await RunWorld.open();
    await registerImage(world, { image: 'alpine:3.22' }, { email: 'admin@example.com', requestId: 'r' });
    await expect(world.submit({ image: 'alpine:3.22' })).rejects.toMatchObject({ code: 'IMAGE_NEEDS_CONTAINER' });
    expect((await world.submit({ image: 'alpine:3.22', isolation: 'process' })).execution).toMatchObject({
      image: 'alpine:3.22',
      isolation: 'process',
    });
    expect((await world.submit({ image: 'alpine:3.22', isolation: 'container' })).execution.isolation).toBe(
      'container',
    );
  });

  test('bubblewrap is for everybody who may run, with the programs of the machine and no image', async () => {
    const world = await RunWorld.open();
    world.jobs.isolations = ['bubblewrap', 'process'];
    world.policy = { ...world.policy, isolation: 'bubblewrap' };
    await registerImage(world, { image: 'alpine:3.22' }, { email: 'admin@example.com', requestId: 'r' });
    const caller = callerOf('developer');
    expect((await world.submit({ image: 'host' }, { caller })).execution.isolation).toBe('bubblewrap');
    await expect(world.submit({ isolation: 'process' }, { caller })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(world.submit({ image: 'alpine:3.22' })).rejects.toMatchObject({ code: 'IMAGE_NEEDS_CONTAINER' });
  });

  test("the deployment's own level is refused where the platform does not offer it", async () => {
    const world = await RunWorld.open();
    world.jobs.isolations = ['process'];
    world.policy = { ...world.policy, isolation: 'container' };
    await expect(world.submit()).rejects.toMatchObject({ code: 'ISOLATION_UNAVAILABLE' });
  });
});

describe('what an isolation cannot give', () => {
  const by = { email: 'admin@example.com', requestId: 'r' };

  async function openWeak(): Promise<RunWorld> {
    const world = await RunWorld.open();
    world.jobs.isolations = ['bubblewrap', 'process'];
    world.jobs.shortcomings = { bubblewrap: ['cpu', 'memory'], process: ['cpu', 'memory', 'no_network'] };
    world.policy = { ...world.policy, isolation: 'bubblewrap' };
    return world;
  }

  test('is refused to a run of an image with limits, and the answer says what to install', async () => {
    const world = await openWeak();
    await registerImage(world, { image: 'small:1', memory: 64 }, by);
    await expect(world.submit({ image: 'small:1', isolation: 'bubblewrap' })).rejects.toMatchObject({
      code: 'ISOLATION_TOO_WEAK',
      status: 422,
      message: expect.stringMatching(/cpu limit of its image and the memory limit.*install podman or docker/),
    });
  });

  test('is no matter to an image that was registered without a size', async () => {
    const world = await openWeak();
    await registerImage(world, { image: 'plain:1' }, by);
    expect((await world.submit({ image: 'plain:1', isolation: 'bubblewrap' })).execution.memory_mib).toBe(512);
  });

  test('is refused to a run without network, which names the level that has it', async () => {
    const world = await openWeak();
    expect((await world.submit({ image: 'host', network: 'none' })).order).toMatchObject({ network: 'none' });
    await expect(world.submit({ image: 'host', network: 'none', isolation: 'process' })).rejects.toMatchObject({
      code: 'ISOLATION_TOO_WEAK',
      message: expect.stringMatching(/network none.*Use isolation bubblewrap/),
    });
  });

  test('is refused to every run of an image without network', async () => {
    const world = await openWeak();
    await registerImage(world, { image: 'alone:1', network: 'none' }, by);
    await expect(world.submit({ image: 'alone:1', isolation: 'process' })).rejects.toMatchObject({
      code: 'ISOLATION_TOO_WEAK',
    });
    expect((await world.submit({ image: 'alone:1', isolation: 'bubblewrap' })).execution.network).toBe('none');
  });
});

describe('the network of a run', () => {
  test('is none where its image has none, and cannot be asked for there', async () => {
    const world = await RunWorld.open();
    const by = { email: 'admin@example.com', requestId: 'r' };
    await registerImage(world, { image: 'alone:1', network: 'none' }, by);
    const run = { image: 'alone:1', isolation: 'container' } as const;
    expect((await world.submit(run)).execution.network).toBe('none');
    await expect(world.submit({ ...run, network: 'default' })).rejects.toMatchObject({ code: 'UNPROCESSABLE' });
  });

  test('is needed by a clone from elsewhere', async () => {
    const world = await RunWorld.open();
    const run = { isolation: 'container', network: 'none', git_repo: 'https://example.com/a/b' } as const;
    await expect(world.submit(run)).rejects.toMatchObject({
      code: 'UNPROCESSABLE',
      message: expect.stringContaining('cannot be cloned by a run with network none'),
    });
  });

  test('is not named in the order of a run that has one', async () => {
    const world = await RunWorld.open();
    expect((await world.submit({})).order).not.toHaveProperty('network');
  });
});

describe('[idempotency] with an Idempotency-Key', () => {
  const once = { idempotencyKey: 'once' };

  test('the same body is one execution, whatever the order of its fields, and is started once', async () => {
    const world = await RunWorld.open();
    const first = await world.submit({ command: 'make', env: { A: '1', B: '2' } }, once);
    const again = await world.submit({ env: { B: '2', A: '1' }, command: 'make' }, once);
    expect(again.execution.execution_id).toBe(first.execution.execution_id);
    expect(first.order).toBeDefined();
    expect(again.order).toBeUndefined();
  });

  test('another body is refused', async () => {
    const world = await RunWorld.open();
    await world.submit({ command: 'make' }, once);
    await expect(world.submit({ command: 'make all' }, once)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
      status: 422,
    });
  });

  test('several at once are one execution with one order', async () => {
    const world = await RunWorld.open();
    const accepted = await Promise.all(Array.from({ length: 5 }, () => world.submit({ env: { A: '1' } }, once)));
    expect(new Set(accepted.map(({ execution }) => execution.execution_id)).size).toBe(1);
    expect(accepted.filter(({ order }) => order)).toHaveLength(1);
    expect(world.records.writes.filter((write) => write.startsWith('create executions/'))).toHaveLength(1);
    expect(world.records.writes.filter((write) => write.startsWith('create run-inputs/'))).toHaveLength(1);
  });

  test('two people never meet', async () => {
    const world = await RunWorld.open();
    const mine = await world.submit({}, { ...once, caller: callerOf('admin', 'ann@example.com') });
    const yours = await world.submit({}, { ...once, caller: callerOf('admin', 'bob@example.com') });
    expect(yours.execution.execution_id).not.toBe(mine.execution.execution_id);
  });

  test('the answer is the run as it is now, also when it has ended', async () => {
    const world = await RunWorld.open();
    const { execution } = await world.submit({}, once);
    await applyEvidence(world, execution.execution_id, [
      { kind: 'start_rejected', attempt: 1, reason: 'quota', details: '' },
    ]);
    expect((await world.submit({}, once)).execution.status).toBe('FAILED');
  });

  test('without one, equal bodies are two executions', async () => {
    const world = await RunWorld.open();
    const [a, b] = [await world.submit(), await world.submit()];
    expect(a.execution.execution_id).not.toBe(b.execution.execution_id);
  });
});
