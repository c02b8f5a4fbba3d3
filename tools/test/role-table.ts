import { expect } from '@jest/globals';
import { holdersOf } from '../../libs/core/src/index.ts';
import { ROLES, type Role } from '../../libs/protocol/src/index.ts';
import type { World } from '../../services/orchestrator/test/world.ts';
import { ROUTE_CALLS } from '../permissions/route-calls.ts';
import { ROUTE_RULES, type RouteRule } from '../permissions/route-rules.ts';

const STRANGER = 'stranger@example.com';
const GONE = 'gone@example.com';
const ownerOf = (role: Role) => `${role}@example.com`;

/** A role that asks for a route, about something of its own or of a stranger's. */
export interface Cell {
  readonly role: Role;
  readonly isOwner: boolean;
}

/** Every cell of a route's row: who owns what it is about counts only where it is about something. */
export function cellsOf({ about }: RouteRule): readonly Cell[] {
  const owners = about ? [true, false] : [false];
  return ROLES.flatMap((role) => owners.map((isOwner) => ({ role, isOwner })));
}

/** The role x resource x owner table, held against a world: each check makes what it asks for anew and fails as an expectation does. */
export interface RoleTable {
  /** What the tables of permissions say of this cell is what the API does, and a refusal names the rule. */
  checkCell(route: string, cell: Cell): Promise<void>;
  /** Without a key and with a revoked one nothing is to be had, except what needs none. */
  checkStrangers(route: string): Promise<void>;
}

/** The table over that world. Its users are made here, one key a role: a user may have so many and no more. */
export async function roleTable(world: World): Promise<RoleTable> {
  await world.keyOf(STRANGER, 'viewer');
  const keys = new Map<Role, string>();
  for (const role of ROLES) keys.set(role, await world.keyOf(ownerOf(role), role));
  const gone = await world.keyOf(GONE, 'admin');
  await world.call('POST', '/api/v1/users/revoke', { email: GONE });

  const ask = async (route: string, owner: string, key: string | undefined) => {
    const { url, body } = await ROUTE_CALLS[route]!(world, owner);
    const [method] = route.split(' ') as [NonNullable<Parameters<World['call']>[0]>];
    return world.call(method, `/api${url.startsWith('/docs') ? '' : '/v1'}${url}`, body, key ?? '');
  };
  return {
    async checkCell(route, { role, isOwner }) {
      const rule = ROUTE_RULES[route]!;
      const answer = await ask(route, isOwner ? ownerOf(role) : STRANGER, keys.get(role));
      if (isAllowed(rule, role, isOwner)) {
        expect([answer.body, answer.statusCode < 400]).toEqual([answer.body, true]);
        return;
      }
      expect(answer.statusCode).toBe(rule.refused ?? 403);
      if (answer.statusCode === 403) expect(answer.json().details).toContain(refusalOf(rule, role));
    },
    async checkStrangers(route) {
      const needsNone = ROUTE_RULES[route]!.needs === 'no key';
      expect((await ask(route, STRANGER, undefined)).statusCode).toEqual(needsNone ? expect.any(Number) : 401);
      const answer = await ask(route, STRANGER, gone);
      if (needsNone) expect(answer.statusCode).toBe(200);
      else expect([answer.statusCode, answer.json().code]).toEqual([401, 'API_KEY_REVOKED']);
    },
  };
}

/** Whether the tables of permissions let this role do it. */
function isAllowed({ needs }: RouteRule, role: Role, isOwner: boolean): boolean {
  if (needs === 'any key' || needs === 'no key') return true;
  return holdersOf(needs).includes(role) || (isOwner && holdersOf(needs).includes('owner'));
}

const refusalOf = ({ needs }: RouteRule, role: Role) =>
  `"${needs}" needs one of: ${holdersOf(needs as never).join(', ')}. Your role is ${role}.`;
