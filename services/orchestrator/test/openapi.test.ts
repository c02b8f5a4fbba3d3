import { expect, test } from '@jest/globals';
import { operationsOf } from '../src/openapi/operation.ts';
import type { OpenApiDocument } from '../src/openapi/openapi-types.ts';
import { openWorld } from './world.ts';

/** Routes that do not say yet what they are. May only become fewer. */
const UNDESCRIBED: readonly string[] = [];

async function openDocument() {
  await using world = await openWorld();
  await world.app.ready();
  const answer = await world.app.inject({ url: '/api/v1/openapi.json' });
  return { answer, document: answer.json<OpenApiDocument>(), operations: operationsOf(world.app) };
}

test('every route says what it is, under a name of its own', async () => {
  const { operations } = await openDocument();
  const named = (is: (operation: (typeof operations)[number]) => boolean) =>
    operations.filter((operation) => !is(operation)).map(({ method, url }) => `${method} ${url}`);

  expect(named(({ operationId }) => /^[a-z][a-zA-Z]+$/.test(operationId ?? ''))).toEqual(UNDESCRIBED);
  expect(named(({ summary, tags, response }) => Boolean(summary && tags?.length && response))).toEqual(UNDESCRIBED);
  const ids = operations.flatMap(({ operationId }) => operationId ?? []);
  expect(ids).toHaveLength(new Set(ids).size);
});

test('the document has an operation for every route, and asks a key where the route does', async () => {
  const { document, operations, answer } = await openDocument();

  expect(answer.statusCode).toBe(200);
  expect(document.openapi).toBe('3.1.1');
  const described = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  expect(described.map(({ operationId }) => operationId).toSorted()).toEqual(
    operations.map(({ operationId }) => operationId).toSorted(),
  );
  const open = described.filter(({ security }) => security.length === 0).map(({ operationId }) => operationId);
  expect(open.toSorted()).toEqual(['claimKey', 'claimKeyByGet', 'getHealth', 'getOpenApi', 'readDocs']);
});

test('the page shows every operation, loads nothing and runs nothing', async () => {
  await using world = await openWorld();
  const page = await world.app.inject({ url: '/api/docs' });

  expect(page.statusCode).toBe(200);
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
  for (const { operationId } of operationsOf(world.app)) expect(page.body).toContain(`id="${operationId}"`);
  expect(page.body).not.toMatch(/<script|src=|https?:\/\/[^<]*\.(js|css)/);
});
