import { expect, test } from '@jest/globals';
import { RunvoyClient, type FetchInit } from '@runvoy/sdk/client';
import { operationsOf } from '../../services/orchestrator/src/openapi/operation.ts';
import { openWorld } from '../../services/orchestrator/test/world.ts';

/** Routes that are for others than programs which call the API: why there is no call for them. */
const WITHOUT_CALL: Readonly<Record<string, string>> = {
  claimKeyByGet: "runvoy's clients claim by GET; this one by POST, which no preview of a link sends",
  getOpenApi: 'a description for tools',
  readDocs: 'a page for people',
  followLogs: 'a door for browsers and curl; programs follow a run by followRun',
};

interface Sent {
  readonly call: string;
  readonly method: string;
  readonly path: string;
}

/** What each method of the client sends, whatever it is given. */
async function requestsOf(): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  let call = '';
  const api = new RunvoyClient({
    endpoint: 'http://x',
    fetch: async (url: string, { method }: FetchInit) => {
      sent.push({ call, method, path: new URL(url).pathname });
      return { status: 200, headers: { get: () => null }, text: async () => '{}' };
    },
  });
  const methods = Object.entries(Object.getOwnPropertyDescriptors(RunvoyClient.prototype));
  for (const [name, { value }] of methods) {
    if (name === 'constructor' || typeof value !== 'function') continue;
    call = name;
    await (value as (...args: readonly unknown[]) => Promise<unknown>).call(api, 'a', 'b');
  }
  return sent;
}

test('the client has a call for every route, and calls no route that is not there', async () => {
  await using world = await openWorld();
  await world.app.ready();
  const routes = operationsOf(world.app).map(({ method, url, operationId = '' }) => ({
    operationId,
    method,
    path: new RegExp(`^${url.replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.+').replaceAll('.txt', '\\.txt')}$`),
  }));
  const sent = await requestsOf();
  const is = (route: (typeof routes)[number], one: Sent) => route.method === one.method && route.path.test(one.path);
  const uncalled = routes.filter((route) => !sent.some((one) => is(route, one))).map(({ operationId }) => operationId);
  expect(uncalled.toSorted()).toEqual(Object.keys(WITHOUT_CALL).toSorted());
  expect(sent.filter((one) => !routes.some((route) => is(route, one)))).toEqual([]);
  expect(sent.length).toBeGreaterThan(40);
});
