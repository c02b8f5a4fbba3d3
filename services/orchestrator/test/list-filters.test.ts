import { describe, expect, test } from '@jest/globals';
import { openWorld, type World } from './world.ts';

const ids = (answer: { json(): { execution_id: string }[] }) => answer.json().map(({ execution_id }) => execution_id);

async function run(world: World, body: object, key?: string): Promise<string> {
  const answer = await world.call('POST', '/api/v1/run', { command: 'true', ...body }, key);
  expect(answer.statusCode).toBe(202);
  world.clock.advance(60_000);
  return answer.json().execution_id;
}

const list = (world: World, query: string, key?: string) =>
  world.call('GET', `/api/v1/executions${query}`, undefined, key);

describe('labels', () => {
  test('are kept with the run and shown wherever it is', async () => {
    await using world = await openWorld();
    const labels = { env: 'prod', 'team.io/name': 'Core & Friends' };
    const id = await run(world, { labels });
    for (const path of [`/executions/${id}`, `/executions/${id}/status`]) {
      expect((await world.call('GET', `/api/v1${path}`)).json().labels).toEqual(labels);
    }
    expect((await list(world, '')).json()[0].labels).toEqual(labels);
    const plain = await run(world, { labels: {} });
    expect((await world.call('GET', `/api/v1/executions/${plain}`)).json()).not.toHaveProperty('labels');
  });

  test.each([
    [{ Env: 'x' }, 422, 'Env'],
    [{ env: 'x'.repeat(64) }, 422, 'env'],
    [{ env: 1 }, 400, 'labels'],
    [['env'], 400, 'labels'],
  ])('%j are refused with %i, and nothing is stored', async (labels, status, words) => {
    await using world = await openWorld();
    const answer = await world.call('POST', '/api/v1/run', { command: 'true', labels });
    expect([answer.statusCode, answer.body]).toEqual([status, expect.stringContaining(words)]);
    expect((await list(world, '')).json()).toEqual([]);
  });
});

describe('the list of executions', () => {
  test.each([
    ['limit=-1', 'a whole number, 0 or more, got \\"-1\\"'],
    ['status=FAILED,NONSENSE', 'RUNNING, TERMINATING, SUCCEEDED, FAILED, STOPPED, several'],
    ['status=failed', 'got \\"failed\\"'],
    ['since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z', 'since is later than until'],
  ])('with %s is refused with 400, saying what would do', async (query, words) => {
    await using world = await openWorld();
    const answer = await list(world, `?${query}`);
    expect([answer.statusCode, answer.body]).toEqual([400, expect.stringContaining(words)]);
  });

  test('is filtered by user, image, label and time, and by all of them at once', async () => {
    await using world = await openWorld();
    const ann = await world.keyOf('ann@example.com', 'developer');
    const first = await run(world, { labels: { env: 'prod', team: 'core' } });
    const second = await run(world, { labels: { env: 'test' } }, ann);
    const third = await run(world, { labels: { env: 'prod' } }, ann);
    expect(ids(await list(world, '?user=ann@example.com'))).toEqual([third, second]);
    expect(ids(await list(world, '?user=ANN@example.com'))).toEqual([third, second]);
    expect(ids(await list(world, '?label=env=prod'))).toEqual([third, first]);
    expect(ids(await list(world, '?label=env%3Dprod&label=team%3Dcore'))).toEqual([first]);
    expect(ids(await list(world, '?since=2026-01-01T00:01:00Z'))).toEqual([third, second]);
    expect(ids(await list(world, '?since=2026-01-01T00:01:00Z&until=2026-01-01T00:01:00Z'))).toEqual([second]);
    expect(ids(await list(world, '?image=host'))).toEqual([third, second, first]);
    expect(ids(await list(world, '?image=nothing'))).toEqual([]);
    expect(ids(await list(world, '?label=env=prod&user=ann@example.com&status=STARTING&image=host'))).toEqual([third]);
    expect(ids(await list(world, '?label=env=prod&status=SUCCEEDED'))).toEqual([]);
  });

  test.each(['', '&label=env=prod', '&status=STARTING', '&user=admin@example.com&label=env=prod'])(
    'comes in pages that Link names (%s), each run once, while its body stays an array',
    async (query) => {
      await using world = await openWorld();
      const all: string[] = [];
      for (let nth = 0; nth < 5; nth += 1) all.unshift(await run(world, { labels: { env: 'prod' } }));
      const seen: string[] = [];
      let url: string | undefined = `/api/v1/executions?limit=2${query}`;
      for (let pages = 0; url !== undefined; pages += 1) {
        expect(pages).toBeLessThan(4);
        const page = await world.call('GET', url);
        expect(page.statusCode).toBe(200);
        seen.push(...ids(page));
        url = /^<(.*)>; rel="next"$/.exec((page.headers['link'] as string | undefined) ?? '')?.[1];
        // A run that starts meanwhile is on a page before, and moves nothing.
        if (pages === 0) await run(world, { labels: { env: 'prod' } });
      }
      expect(seen).toEqual(all);
      expect((await list(world, `?limit=0${query}`)).headers).not.toHaveProperty('link');
    },
  );

  test('refuses the cursor of another question', async () => {
    await using world = await openWorld();
    for (let nth = 0; nth < 2; nth += 1) await run(world, { labels: { env: 'prod' } });
    const { link } = (await list(world, '?limit=1')).headers;
    const cursor = /cursor=([^&>]+)/.exec(String(link))?.[1];
    const other = await list(world, `?label=env=prod&cursor=${cursor}`);
    expect([other.statusCode, other.json().code]).toEqual([400, 'INVALID_REQUEST']);
  });

  test.each([
    ['label=env', 422, 'label is key=value'],
    ['since=yesterday', 400, 'since is a time'],
    ['until=x', 400, 'until is a time'],
    ['cursor=x', 400, 'page token'],
    ['user=a&user=b', 400, 'user parameter'],
  ])('refuses %s with %i', async (query, status, words) => {
    await using world = await openWorld();
    const answer = await list(world, `?${query}`);
    expect([answer.statusCode, answer.body]).toEqual([status, expect.stringContaining(words)]);
  });
});
