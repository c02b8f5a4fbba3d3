import { describe, expect, test } from '@jest/globals';
import { executionRef, openRunInput, runInputRef, type SecretVault } from '@runvoy/core';
import { openWorld, type World } from './world.ts';

const DEPLOY = {
  name: 'deploy',
  description: 'puts a tag into a place',
  commands: ['echo "to $TARGET"', './deploy "$TARGET" "$REPLICAS"'],
  env: { REGION: 'eu' },
  labels: { kind: 'deploy' },
  parameters: [
    { name: 'target', type: 'choice', choices: ['staging', 'prod'], required: true },
    { name: 'replicas', type: 'integer', minimum: 1, maximum: 9, default: 2 },
    { name: 'note', type: 'string' },
  ],
};
const { name: _, ...DEFINITION } = DEPLOY;

const create = (world: World, body: object = DEPLOY, key?: string) =>
  world.call('POST', '/api/v1/playbooks', body, key);
const start = (world: World, body?: object, key?: string, headers?: object) =>
  world.call('POST', '/api/v1/playbooks/deploy/run', body, key, headers);
const show = (world: World, path = '') => world.call('GET', `/api/v1/playbooks/deploy${path}`);

/** Seals by marking, as the world's own. */
const vault: SecretVault = { seal: async (plain) => plain, open: async (sealed) => sealed };

async function environmentOf(world: World, id: string): Promise<Readonly<Record<string, string>>> {
  const { env, secrets } = await openRunInput(vault, (await world.records.get(runInputRef(id)))!.value);
  return { ...env, ...secrets };
}

describe('a playbook', () => {
  test('is created, listed, shown, changed in versions that stay, and deleted', async () => {
    await using world = await openWorld();
    const created = await create(world);
    expect(created.statusCode).toBe(201);
    expect(created.json().playbook).toMatchObject({ name: 'deploy', version: 1, owned_by: ['admin@example.com'] });
    const parameters = created.json().playbook.definition.parameters;
    expect(parameters.map((each: { variable: string }) => each.variable)).toEqual(['TARGET', 'REPLICAS', 'NOTE']);

    const changed = await world.call('PUT', '/api/v1/playbooks/deploy', { commands: ['true'], description: 'rests' });
    expect([changed.statusCode, changed.json().playbook.version]).toEqual([200, 2]);
    const same = await world.call('PUT', '/api/v1/playbooks/deploy', { description: 'rests', commands: ['true'] });
    expect(same.json().playbook.version).toBe(2);

    expect((await world.call('GET', '/api/v1/playbooks')).json()).toEqual({
      playbooks: [expect.objectContaining({ name: 'deploy', version: 2, description: 'rests' })],
    });
    expect((await show(world)).json().playbook.definition.commands).toEqual(['true']);
    expect((await show(world, '?version=1')).json().playbook).toMatchObject({
      version: 1,
      description: DEPLOY.description,
      definition: { commands: DEPLOY.commands },
    });
    const versions = (await show(world, '/versions')).json().versions;
    expect(versions.map(({ version }: { version: number }) => version)).toEqual([2, 1]);

    const removed = await world.call('DELETE', '/api/v1/playbooks/deploy');
    expect([removed.statusCode, removed.json().name]).toEqual([200, 'deploy']);
    for (const path of ['', '/versions', '?version=1']) expect((await show(world, path)).statusCode).toBe(404);
    expect((await start(world, {})).json().code).toBe('PLAYBOOK_NOT_FOUND');
    expect((await world.call('GET', '/api/v1/playbooks')).json()).toEqual({ playbooks: [] });
    expect((await world.call('DELETE', '/api/v1/playbooks/deploy')).statusCode).toBe(404);
  });

  test('of a name that was deleted goes on counting, and what was before it stays gone', async () => {
    await using world = await openWorld();
    await create(world);
    await world.call('DELETE', '/api/v1/playbooks/deploy');
    const ann = await world.keyOf('ann@example.com', 'developer');
    const again = await create(world, { name: 'deploy', commands: ['true'] }, ann);
    expect(again.json().playbook).toMatchObject({ version: 2, owned_by: ['ann@example.com'] });
    expect((await show(world, '?version=1')).statusCode).toBe(404);
    expect((await start(world, { version: 1 })).json().code).toBe('PLAYBOOK_NOT_FOUND');
    expect((await show(world, '/versions')).json().versions).toHaveLength(1);
  });

  test('that exists is not created again', async () => {
    await using world = await openWorld();
    await create(world);
    const again = await create(world, { ...DEPLOY, commands: ['rm'] });
    expect([again.statusCode, again.json().code]).toEqual([409, 'PLAYBOOK_ALREADY_EXISTS']);
    expect((await show(world)).json().playbook.definition.commands).toEqual(DEPLOY.commands);
  });

  test('created twice at once exists once', async () => {
    await using world = await openWorld();
    const answers = await Promise.all(Array.from({ length: 5 }, () => create(world)));
    expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([201, 409, 409, 409, 409]);
    expect((await show(world)).json().playbook.version).toBe(1);
  });

  test('changed by several at once has a version for each', async () => {
    await using world = await openWorld();
    await create(world);
    const commands = ['a', 'b', 'c'];
    await Promise.all(commands.map((each) => world.call('PUT', '/api/v1/playbooks/deploy', { commands: [each] })));
    const { versions } = (await show(world, '/versions')).json();
    expect(versions.map(({ version }: { version: number }) => version)).toEqual([4, 3, 2, 1]);
  });

  test.each<[string, object, number, string]>([
    ['a name that no path could have', { name: 'a/b' }, 422, 'is no name of a playbook'],
    ['no command', { commands: [] }, 422, 'commands needs at least one'],
    ['a blank command', { commands: ['true', ' '] }, 422, 'commands: number 2 is blank'],
    ['commands that are one text', { commands: 'true' }, 400, 'commands'],
    ['a secret in its env', { env: { DB_PASSWORD: 'correct-horse' } }, 422, 'DB_PASSWORD looks like a secret'],
    ['a variable that a parameter sets', { env: { TARGET: 'x' } }, 422, 'TARGET is set by parameter target'],
    ['a token in the URL of its repository', { git_repo: 'https://u:correct-horse@example.com/a' }, 422, 'git_repo'],
    ['a label that is none', { labels: { A: 'b' } }, 422, 'labels'],
    ['a type that there is not', { parameters: [{ name: 'a', type: 'date' }] }, 400, 'type'],
    ['a pattern that is none', { parameters: [{ name: 'a', type: 'string', pattern: '(' }] }, 422, 'parameter a'],
  ])('with %s is refused, and nothing is kept', async (_name, part, status, words) => {
    await using world = await openWorld();
    const answer = await create(world, { ...DEPLOY, ...part });
    expect([answer.statusCode, answer.body]).toEqual([status, expect.stringContaining(words)]);
    expect(answer.body).not.toContain('correct-horse');
    expect((await world.call('GET', '/api/v1/playbooks')).json().playbooks).toEqual([]);
  });
});

describe('a run of a playbook', () => {
  test('has its commands, the values as variables, and says which version it is', async () => {
    await using world = await openWorld();
    await create(world);
    const note = '"; rm -rf / #$(id)`id`\n';
    const answer = await start(world, { parameters: { target: 'prod', note }, labels: { by: 'me' } });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toMatchObject({
      command: 'echo "to $TARGET" &&\n./deploy "$TARGET" "$REPLICAS"',
      playbook: { name: 'deploy', version: 1 },
    });
    const { execution_id } = answer.json();
    expect(await environmentOf(world, execution_id)).toEqual({
      REGION: 'eu',
      TARGET: 'prod',
      REPLICAS: '2',
      NOTE: note,
    });
    const stored = (await world.records.get(executionRef(execution_id)))!.value;
    expect(JSON.stringify(stored)).not.toContain('rm -rf');
    const shown = (await world.call('GET', `/api/v1/executions/${execution_id}`)).json();
    expect(shown).toMatchObject({ playbook: { name: 'deploy', version: 1 }, labels: { kind: 'deploy', by: 'me' } });
    expect(world.started).toHaveLength(1);
  });

  test('takes the newest version, or the one that is named, with what it says', async () => {
    await using world = await openWorld();
    await create(world);
    await world.call('PUT', '/api/v1/playbooks/deploy', { commands: ['new'] });
    expect((await start(world)).json()).toMatchObject({ command: 'new', playbook: { version: 2 } });
    const old = await start(world, { version: 1, parameters: { target: 'prod' } });
    expect(old.json()).toMatchObject({ playbook: { version: 1 } });
    for (const version of [3, -1]) expect((await start(world, { version })).statusCode).toBe(404);
  });

  test.each<[string, object, string]>([
    ['no value for what is required', {}, 'parameter target is required'],
    ['a value that is no choice', { target: 'moon' }, 'parameter target has to be one of: staging, prod'],
    [
      'a number above its bound',
      { target: 'prod', replicas: 10 },
      'parameter replicas has to be a whole number of at most 9',
    ],
    ['a parameter that there is not', { target: 'prod', size: 1 }, 'There is no parameter size'],
  ])('with %s is refused, and nothing is started', async (_name, parameters, words) => {
    await using world = await openWorld();
    await create(world);
    const answer = await start(world, { parameters });
    expect([answer.statusCode, answer.json().code]).toEqual([422, 'UNPROCESSABLE']);
    expect(answer.json().details).toContain(words);
    expect(world.started).toEqual([]);
    expect((await world.call('GET', '/api/v1/executions')).json()).toEqual([]);
  });

  test('cannot be given the variable of a parameter past its rules, and no value that is a list', async () => {
    await using world = await openWorld();
    await create(world);
    const past = await start(world, { parameters: { target: 'prod' }, env: { REPLICAS: '100' } });
    expect([past.statusCode, past.json().details]).toEqual([422, expect.stringContaining('parameter replicas')]);
    expect((await start(world, { parameters: { target: ['prod'] } })).statusCode).toBe(400);
  });

  test('uses secrets with what the one who runs it may, not its owner', async () => {
    await using world = await openWorld();
    await world.call('POST', '/api/v1/secrets', { name: 'github', key_name: 'GITHUB_TOKEN', value: 'correct-horse' });
    await create(world, { name: 'deploy', commands: ['true'], secrets: ['github'] });
    const dev = await world.keyOf('dev@example.com', 'developer');
    expect((await start(world, {}, dev)).json().code).toBe('SECRET_NOT_FOUND');
    await world.call('PUT', '/api/v1/secrets/github/grants/dev@example.com');
    const { execution_id } = (await start(world, {}, dev)).json();
    expect(await environmentOf(world, execution_id)).toEqual({ GITHUB_TOKEN: 'correct-horse' });
    for (const path of ['/playbooks/deploy', `/executions/${execution_id}`, '/audit']) {
      expect((await world.call('GET', `/api/v1${path}`)).body).not.toContain('correct-horse');
    }
  });

  test('asked for again with its Idempotency-Key is the same run, whatever became of the playbook', async () => {
    await using world = await openWorld();
    await create(world);
    const once = { 'idempotency-key': 'once' };
    const body = { parameters: { target: 'prod' } };
    const first = (await start(world, body, undefined, once)).json().execution_id;
    await world.call('PUT', '/api/v1/playbooks/deploy', { commands: ['new'] });
    expect((await start(world, body, undefined, once)).json().execution_id).toBe(first);
    await world.call('DELETE', '/api/v1/playbooks/deploy');
    expect((await start(world, body, undefined, once)).json().execution_id).toBe(first);
    const other = await start(world, { parameters: { target: 'staging' } }, undefined, once);
    expect([other.statusCode, other.json().code]).toEqual([422, 'IDEMPOTENCY_CONFLICT']);
    // The same key on the other route is another request.
    const plain = await world.call('POST', '/api/v1/run', { command: 'true' }, undefined, once);
    expect(plain.json().execution_id).not.toBe(first);
    expect(world.started).toHaveLength(2);
  });
});

describe('who may', () => {
  test('read: everybody; create and run: not viewers; change and delete: operators and owners', async () => {
    await using world = await openWorld();
    const [owner, dev, viewer, operator] = [
      await world.keyOf('owner@example.com', 'developer'),
      await world.keyOf('dev@example.com', 'developer'),
      await world.keyOf('viewer@example.com', 'viewer'),
      await world.keyOf('operator@example.com', 'operator'),
    ];
    const path = '/api/v1/playbooks/deploy';
    expect((await create(world, DEPLOY, viewer)).statusCode).toBe(403);
    expect((await create(world, DEPLOY, owner)).statusCode).toBe(201);
    for (const key of [viewer, dev, operator])
      expect((await world.call('GET', path, undefined, key)).statusCode).toBe(200);
    const run = { parameters: { target: 'prod' } };
    expect((await start(world, run, viewer)).json().details).toContain('"playbook.run" needs one of');
    expect((await start(world, run, dev)).statusCode).toBe(202);
    const refused = await world.call('PUT', path, { commands: ['mine'] }, dev);
    expect([refused.statusCode, refused.json().details]).toEqual([403, expect.stringContaining('playbook.change')]);
    expect((await world.call('DELETE', path, undefined, dev)).statusCode).toBe(403);
    // Nobody learns by asking whether there is one.
    expect((await world.call('PUT', '/api/v1/playbooks/none', { commands: ['x'] }, dev)).statusCode).toBe(403);
    expect((await world.call('PUT', path, { commands: ['a'] }, owner)).json().playbook.version).toBe(2);
    expect((await world.call('PUT', path, DEFINITION, operator)).json().playbook).toMatchObject({
      version: 3,
      owned_by: ['owner@example.com'],
      updated_by: 'operator@example.com',
    });
    expect((await world.call('DELETE', path, undefined, owner)).statusCode).toBe(200);
  });

  test('is answered by "can", and every change is on record with its version', async () => {
    await using world = await openWorld();
    const dev = await world.keyOf('dev@example.com', 'developer');
    await create(world, DEPLOY, dev);
    const can = async (key?: string) =>
      (await world.call('GET', '/api/v1/can?permission=playbook.change&thing=playbook:deploy', undefined, key)).json()
        .allowed;
    expect([await can(dev), await can(await world.keyOf('b@example.com', 'developer'))]).toEqual([true, false]);
    await world.call('PUT', '/api/v1/playbooks/deploy', { commands: ['a'] });
    await world.call('DELETE', '/api/v1/playbooks/deploy');
    const { records } = (await world.call('GET', '/api/v1/audit?subject=deploy')).json();
    expect(
      records.map(({ action, by, details }: { action: string; by: string; details: object }) => [action, by, details]),
    ).toEqual([
      ['playbook.delete', 'admin@example.com', { version: '2' }],
      ['playbook.change', 'admin@example.com', { version: '2' }],
      ['playbook.create', 'dev@example.com', { version: '1' }],
    ]);
  });
});
