import { describe, expect, test } from '@jest/globals';
import { openWorld, type World } from './world.ts';

const trace = (world: World, id: unknown, key?: string) =>
  world.call('GET', `/api/v1/trace/${String(id)}`, undefined, key);

describe('a trace', () => {
  test('of a request that changed something has the deed, the thing without its value, and who did it', async () => {
    await using world = await openWorld();
    const secret = { name: 'github', key_name: 'GITHUB_TOKEN', value: 'correct-horse' };
    const { headers } = await world.call('POST', '/api/v1/secrets', secret);
    const answer = await trace(world, headers['x-request-id']);
    expect(answer.statusCode).toBe(200);
    expect(answer.body).not.toContain(secret.value);
    expect(answer.json()).toEqual({
      logs: [
        {
          event_id: expect.stringMatching(/^audit-\d{12}$/),
          timestamp: world.clock.now(),
          message: 'admin@example.com secret.create github key_name=GITHUB_TOKEN',
        },
      ],
      related_resources: {
        secrets: [expect.objectContaining({ name: 'github', created_by_request_id: headers['x-request-id'] })],
        users: [expect.objectContaining({ email: 'admin@example.com' })],
      },
    });
  });

  test('has what the services logged of the request among the rest, by time', async () => {
    const loggedOf = async (id: string) => [{ event_id: 'log-0000', timestamp: 1, message: `ERROR of ${id}` }];
    await using world = await openWorld({}, undefined, { loggedOf });
    const { headers } = await world.call('POST', '/api/v1/secrets', { name: 's', key_name: 'S', value: 'v' });
    const { logs } = (await trace(world, headers['x-request-id'])).json();
    expect(logs.map(({ message }: { message: string }) => message)).toEqual([
      `ERROR of ${String(headers['x-request-id'])}`,
      'admin@example.com secret.create s key_name=S',
    ]);
  });

  test('of a request that started a run, and of the one that stopped it, has the run and its life', async () => {
    await using world = await openWorld();
    const dev = await world.keyOf('dev@example.com', 'developer');
    const asked = await world.call('POST', '/api/v1/run', { command: 'true', env: { NAME: 'my value' } }, dev);
    const { execution_id } = asked.json();
    world.clock.advance(1_000);
    const stopped = await world.call('DELETE', `/api/v1/executions/${execution_id}`);
    const started = (await trace(world, asked.headers['x-request-id'])).json();
    expect(started.related_resources.executions).toEqual([expect.objectContaining({ execution_id })]);
    expect(started.related_resources.users).toEqual([expect.objectContaining({ email: 'dev@example.com' })]);
    expect(started.logs[0].message).toContain(`run ${execution_id}: dev@example.com asked for this run`);
    const times = started.logs.map(({ timestamp }: { timestamp: number }) => timestamp);
    expect(times).toEqual(times.toSorted((a: number, b: number) => a - b));
    const stop = await trace(world, stopped.headers['x-request-id']);
    expect(stop.json().related_resources).toMatchObject({
      executions: [{ execution_id, modified_by_request_id: stopped.headers['x-request-id'] }],
      users: [{ email: 'admin@example.com' }],
    });
    expect(stop.body).not.toContain('my value');
  });

  test('names images, users and playbooks that were changed, and of what is gone only the deed', async () => {
    await using world = await openWorld();
    const idOf = async (...call: Parameters<World['call']>) => (await world.call(...call)).headers['x-request-id'];
    const image = await idOf('POST', '/api/v1/images/register', { image: 'alpine:3' });
    const user = await idOf('POST', '/api/v1/users/create', { email: 'new@example.com', role: 'viewer' });
    const playbook = await idOf('POST', '/api/v1/playbooks', { name: 'nightly', commands: ['true'] });
    const gone = await idOf('DELETE', '/api/v1/playbooks/nightly');
    const related = async (id: unknown) => (await trace(world, id)).json().related_resources;
    expect((await related(image)).images).toEqual([expect.objectContaining({ image: 'alpine:3', is_default: false })]);
    expect((await related(user)).users.map(({ email }: { email: string }) => email)).toEqual([
      'admin@example.com',
      'new@example.com',
    ]);
    for (const id of [playbook, gone]) expect(await related(id)).not.toHaveProperty('playbooks');
    expect((await trace(world, gone)).json().logs[0].message).toContain('playbook.delete nightly version=1');
  });

  test('of a request that nobody knows is empty, in runvoy’s shape; an id beyond all bounds is refused', async () => {
    await using world = await openWorld();
    expect((await trace(world, 'f'.repeat(32))).json()).toEqual({ logs: null, related_resources: {} });
    expect((await trace(world, 'f'.repeat(256))).statusCode).toBe(400);
  });

  test.each(['operator', 'developer', 'viewer'] as const)('is not for a role of %s', async (role) => {
    await using world = await openWorld();
    const answer = await trace(world, 'f'.repeat(32), await world.keyOf('a@example.com', role));
    expect([answer.statusCode, answer.json().details]).toEqual([403, expect.stringContaining('trace.read')]);
  });
});
