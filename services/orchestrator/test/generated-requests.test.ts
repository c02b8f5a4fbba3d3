import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ROLES } from '@runvoy/protocol';
import type { OpenApiDocument } from '../src/openapi/openapi-types.ts';
import { fillTemplate, operationsIn, requestsTo, type GeneratedRequest } from './generated-request.ts';
import { allowedBy, type Schema } from './schema-values.ts';
import { openWorld, type World } from './world.ts';

/** `RUNVOY_TEST_REQUESTS=1000` sends so many to every operation; with another `RUNVOY_TEST_SEED` they are others. */
const REQUESTS = Number(process.env['RUNVOY_TEST_REQUESTS'] ?? 12);
const seeded = { seed: Number(process.env['RUNVOY_TEST_SEED'] ?? 1) };

async function readDocument(): Promise<OpenApiDocument> {
  await using world = await openWorld();
  return (await world.app.inject({ url: '/api/v1/openapi.json' })).json();
}

const document = await readDocument();
const operations = operationsIn(document);

/** Things to ask for, by the parameter that names them. */
async function furnish(world: World): Promise<Readonly<Record<string, readonly string[]>>> {
  const run = (await world.call('POST', '/api/v1/run', { command: 'true' })).json<{ execution_id: string }>();
  const secret = { name: 'known', key_name: 'KNOWN', value: 'value' };
  await world.call('POST', '/api/v1/secrets', secret);
  await world.call('POST', '/api/v1/playbooks', { name: secret.name, commands: ['true'] });
  const user = await world.call('POST', '/api/v1/users/create', { email: 'known@example.com', role: 'developer' });
  const { images } = (await world.call('GET', '/api/v1/images')).json<{ images: { image_id: string }[] }>();
  const key = (await world.call('POST', '/api/v1/keys', { name: 'known' })).json<{ key: { key_id: string } }>();
  return {
    id: [run.execution_id, key.key.key_id],
    name: [secret.name],
    email: ['known@example.com'],
    image: [images[0]!.image_id],
    token: [user.json<{ claim_token: string }>().claim_token],
  };
}

function send(world: World, { method, url, headers, body }: GeneratedRequest, key: string | undefined) {
  return world.app.inject({
    method: method as 'GET',
    url,
    headers: { ...headers, 'content-type': 'application/json', ...(key === undefined ? {} : { 'x-api-key': key }) },
    ...(body === undefined ? {} : { payload: body }),
  });
}

test.each(operations.map((described) => [described.operation.operationId, described] as const))(
  'whatever is sent to %s, the answer is a documented one and no defect of ours',
  async (_, described) => {
    await using world = await openWorld();
    const known = await furnish(world);
    let callers = 0;
    const requests = requestsTo(described, document, (parameter) => known[parameter] ?? []);
    await fc.assert(
      fc.asyncProperty(requests, fc.constantFrom(...ROLES, undefined), async (request, role) => {
        // A user of their own for each: some requests revoke who sent them.
        const key = role && (await world.keyOf(`caller-${(callers += 1)}@example.com`, role));
        const answer = await send(world, request, key);
        expect(world.undocumented.splice(0)).toEqual([]);
        expect({ status: answer.statusCode, body: answer.statusCode < 500 ? '' : answer.body }).toMatchObject({
          body: '',
        });
      }),
      { numRuns: REQUESTS, ...seeded },
    );
  },
);

test('what needs a key asks who calls before it looks at anything else', async () => {
  await using world = await openWorld();
  const guarded = operations.filter(({ operation }) => operation.security.length > 0);
  const open: string[] = [];
  for (const described of guarded) {
    const requests = requestsTo(described, document, () => []);
    for (const request of fc.sample(requests, { numRuns: 3, ...seeded })) {
      for (const key of [undefined, 'rvy_abcdefghijklmnopqrst_x', '']) {
        const { statusCode } = await send(world, request, key);
        if (statusCode !== 401) open.push(`${request.method} ${request.url} with key ${key}: ${statusCode}`);
      }
    }
  }
  expect(open).toEqual([]);
  expect(guarded.length).toBeGreaterThan(40);
});

const described = operations.flatMap(({ method, template, operation }) =>
  (operation.parameters ?? [])
    .filter(({ in: where, schema }) => where === 'query' && isNarrow(schema as Schema))
    .map(({ name, schema }) => ({ method, template, name, schema: schema as Schema })),
);

/** Of a text of any kind nobody can tell what is wrong with it. */
function isNarrow({ pattern, enum: words, format }: Schema): boolean {
  return (pattern ?? words ?? format) !== undefined;
}

/** Parameters that say how another is meant are refused without it, which the document cannot say but in words. */
const NEEDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  regex: { q: 'line' },
  ignore_case: { q: 'line' },
};

/** What it asks for may be missing; the asking is in order. */
const REFUSES = [400, 422];

test.each(described)(
  '$method $template takes the $name that the document allows, and refuses another',
  async ({ method, template, name, schema }) => {
    await using world = await openWorld();
    const known = await furnish(world);
    const path = fillTemplate(template, (parameter) => known[parameter]?.[0] ?? '');
    const allowed = allowedBy(schema, document).map(String);
    const other = fc.string({ minLength: 1 }).filter((text) => !fits(schema, text));
    const ask = async (value: string) =>
      (await world.call(method, `${path}?${new URLSearchParams({ ...NEEDED[name], [name]: value })}`)).statusCode;

    for (const value of fc.sample(allowed, { numRuns: 5, ...seeded })) {
      expect([value, REFUSES.includes(await ask(value))]).toEqual([value, false]);
    }
    for (const value of fc.sample(other, { numRuns: 5, ...seeded })) {
      expect([value, REFUSES.includes(await ask(value))]).toEqual([value, true]);
    }
  },
);

function fits({ pattern, enum: words, format }: Schema, text: string): boolean {
  if (pattern !== undefined) return new RegExp(pattern).test(text);
  if (words) return words.includes(text);
  return format === 'date-time' && !Number.isNaN(Date.parse(text));
}
