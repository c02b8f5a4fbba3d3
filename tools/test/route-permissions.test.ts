import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { holdersOf } from '../../libs/core/src/index.ts';
import { ROLES, type Role } from '../../libs/protocol/src/index.ts';
import { operationsOf } from '../../services/orchestrator/src/openapi/operation.ts';
import { openWorld, type World } from '../../services/orchestrator/test/world.ts';
import { ROUTE_CALLS } from '../permissions/route-calls.ts';
import { ROUTE_RULES, type RouteRule } from '../permissions/route-rules.ts';

const STRANGER = 'stranger@example.com';
const ownerOf = (role: Role) => `${role}@example.com`;

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.app.ready();
  await world.keyOf(STRANGER, 'viewer');
});
afterAll(() => world[Symbol.asyncDispose]());

async function ask(route: string, owner: string, key: string | undefined) {
  const { url, body } = await ROUTE_CALLS[route]!(world, owner);
  const [method] = route.split(' ') as [NonNullable<Parameters<World['call']>[0]>];
  return world.call(method, `/api${url.startsWith('/docs') ? '' : '/v1'}${url}`, body, key ?? '');
}

/** Whether the tables of permissions let this role do it. */
function isAllowed({ needs }: RouteRule, role: Role, isOwner: boolean): boolean {
  if (needs === 'any key' || needs === 'no key') return true;
  return holdersOf(needs).includes(role) || (isOwner && holdersOf(needs).includes('owner'));
}

test('every route of the API has its row, and every row its route', () => {
  const routes = operationsOf(world.app).map(({ method, url }) => `${method} ${url}`);
  expect(routes.toSorted()).toEqual(Object.keys(ROUTE_RULES).toSorted());
  expect(Object.keys(ROUTE_CALLS).toSorted()).toEqual(Object.keys(ROUTE_RULES).toSorted());
});

describe.each(Object.entries(ROUTE_RULES))('%s', (route, rule) => {
  test.each(ROLES.flatMap((role) => (rule.about ? [true, false] : [false]).map((own) => [role, own] as const)))(
    'as %s, owning what it is about: %s',
    async (role, isOwner) => {
      const email = ownerOf(role);
      const key = await keyOfRole(role);
      const answer = await ask(route, isOwner ? email : STRANGER, key);
      if (isAllowed(rule, role, isOwner))
        return expect([answer.body, answer.statusCode < 400]).toEqual([answer.body, true]);
      expect(answer.statusCode).toBe(rule.refused ?? 403);
      if (answer.statusCode === 403) {
        expect(answer.body).toContain(
          `"${rule.needs}" needs one of: ${holdersOf(rule.needs as never).join(', ')}. Your role is ${role}.`.replaceAll(
            '"',
            '\\"',
          ),
        );
      }
    },
  );

  test('without a key, or with one that is revoked', async () => {
    const status = rule.needs === 'no key' ? expect.any(Number) : 401;
    expect((await ask(route, STRANGER, undefined)).statusCode).toEqual(status);
    const gone = await revokedKey();
    const answer = await ask(route, STRANGER, gone);
    if (rule.needs === 'no key') expect(answer.statusCode).toBe(200);
    else expect([answer.statusCode, answer.json().code]).toEqual([401, 'API_KEY_REVOKED']);
  });
});

const keys = new Map<Role, Promise<string>>();
/** One key a role: a user may have so many and no more. */
function keyOfRole(role: Role): Promise<string> {
  const key = keys.get(role) ?? world.keyOf(ownerOf(role), role);
  keys.set(role, key);
  return key;
}

let revoked: Promise<string> | undefined;
function revokedKey(): Promise<string> {
  revoked ??= (async () => {
    const key = await world.keyOf('gone@example.com', 'admin');
    await world.call('POST', '/api/v1/users/revoke', { email: 'gone@example.com' });
    return key;
  })();
  return revoked;
}
