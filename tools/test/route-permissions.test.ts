import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { operationsOf } from '../../services/orchestrator/src/openapi/operation.ts';
import { openWorld, type World } from '../../services/orchestrator/test/world.ts';
import { ROUTE_CALLS } from '../permissions/route-calls.ts';
import { ROUTE_RULES } from '../permissions/route-rules.ts';
import { cellsOf, roleTable, type RoleTable } from './role-table.ts';

let world: World;
let table: RoleTable;
beforeAll(async () => {
  world = await openWorld();
  await world.app.ready();
  table = await roleTable(world);
});
afterAll(() => world[Symbol.asyncDispose]());

test('every route of the API has its row, and every row its route', () => {
  const routes = operationsOf(world.app).map(({ method, url }) => `${method} ${url}`);
  expect(routes.toSorted()).toEqual(Object.keys(ROUTE_RULES).toSorted());
  expect(Object.keys(ROUTE_CALLS).toSorted()).toEqual(Object.keys(ROUTE_RULES).toSorted());
});

describe.each(Object.entries(ROUTE_RULES))('%s', (route, rule) => {
  test.each(cellsOf(rule))('as $role, owning what it is about: $isOwner', (cell) => table.checkCell(route, cell));
  test('without a key, or with one that is revoked', () => table.checkStrangers(route));
});
