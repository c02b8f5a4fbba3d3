import fc from 'fast-check';
import type { OpenApiDocument, OpenApiOperation, OpenApiParameter } from '../src/openapi/openapi-types.ts';
import { allowedBy, anyValue, type Schema } from './schema-values.ts';

/** A request before anybody sends it. */
export interface GeneratedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As it goes over the wire; absent: no body. */
  readonly body?: string;
}

export interface DescribedOperation {
  readonly method: string;
  readonly template: string;
  readonly operation: OpenApiOperation;
}

/** Every operation of the document. */
export function operationsIn(document: OpenApiDocument): readonly DescribedOperation[] {
  return Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), template, operation })),
  );
}

/**
 * Requests to one operation: as the document allows them, with parts of them replaced by something else, and with bodies that are
 * no JSON. `known` gives values for a parameter of the path that name something.
 */
export function requestsTo(
  { method, template, operation }: DescribedOperation,
  document: OpenApiDocument,
  known: (parameter: string) => readonly string[],
): fc.Arbitrary<GeneratedRequest> {
  const { parameters = [], requestBody } = operation;
  const inside = (where: OpenApiParameter['in']) => parameters.filter((parameter) => parameter.in === where);
  const schema = requestBody?.content?.['application/json']?.schema as Schema | undefined;
  return fc
    .record({
      path: fc.record(named(inside('path'), (parameter) => pathValues(parameter, known(parameter.name)))),
      query: fc.record(
        named(inside('query'), (parameter) => queryValues(parameter, document)),
        { requiredKeys: [] },
      ),
      headers: fc.record(named(inside('header'), headerValues), { requiredKeys: [] }),
      body: method === 'GET' ? fc.constant(undefined) : bodies(schema, document),
    })
    .map(({ path, query, headers, body }) => ({
      method,
      url: fillTemplate(template, (name) => path[name] ?? '') + queryText(query),
      headers,
      ...(body === undefined ? {} : { body }),
    }));
}

function named<T>(
  parameters: readonly OpenApiParameter[],
  valuesOf: (parameter: OpenApiParameter) => fc.Arbitrary<T>,
): Record<string, fc.Arbitrary<T>> {
  return Object.fromEntries(parameters.map((parameter) => [parameter.name, valuesOf(parameter)]));
}

function pathValues({ schema }: OpenApiParameter, known: readonly string[]): fc.Arbitrary<string> {
  const examples = ((schema as Schema).examples ?? []).map(String);
  const others = fc.oneof(
    fc.constantFrom(...examples, '0', '%', 'a/b', '..;', 'x'.repeat(900)),
    // A client takes these two as steps through the path and sends another one.
    fc.string({ minLength: 1 }).filter((text) => text !== '.' && text !== '..'),
  );
  return known.length === 0 ? others : fc.oneof({ arbitrary: fc.constantFrom(...known), weight: 3 }, others);
}

/** One value, several, or what the schema does not allow. */
function queryValues({ schema }: OpenApiParameter, document: OpenApiDocument): fc.Arbitrary<readonly string[]> {
  const allowed = allowedBy(schema as Schema, document).map(String);
  return fc.oneof(
    { arbitrary: allowed.map((value) => [value]), weight: 3 },
    fc.tuple(allowed, allowed),
    fc.string({ unit: 'grapheme', maxLength: 20 }).map((value) => [value]),
  );
}

function headerValues({ name, schema }: OpenApiParameter): fc.Arbitrary<string> {
  // A wait that is granted lasts: here nothing ends.
  const said =
    name === 'Prefer' ? ['wait=0', 'wait=x', 'respond-async'] : ((schema as Schema).examples ?? []).map(String);
  return fc.oneof(fc.constantFrom(...said, '"', 'x'.repeat(300)), fc.stringMatching(/^[!-~]{0,40}$/));
}

function bodies(schema: Schema | undefined, document: OpenApiDocument): fc.Arbitrary<string | undefined> {
  const broken = fc.constantFrom(
    undefined,
    '',
    '{',
    '[]',
    'null',
    '"x"',
    '{"a":1,"a":2}',
    '{"__proto__":{}}',
    '\ufeff{}',
  );
  const any = anyValue.map((value) => JSON.stringify(value));
  if (!schema) return fc.oneof(fc.constant(undefined), broken, any);
  const allowed = allowedBy(schema, document) as fc.Arbitrary<Record<string, unknown>>;
  const bent = fc.tuple(allowed, fc.nat(), anyValue).map(([body, at, value]) => bend(body, at, value));
  return fc.oneof(
    { arbitrary: allowed.map((body) => JSON.stringify(body)), weight: 4 },
    { arbitrary: bent.map((body) => JSON.stringify(body)), weight: 3 },
    broken,
    any,
  );
}

/** The body with one of its fields replaced; by `undefined`, which is left out, each fourth time. */
function bend(body: Record<string, unknown>, at: number, value: unknown): Record<string, unknown> {
  const names = Object.keys(body);
  const name = names[at % names.length];
  return name === undefined ? { extra: value } : { ...body, [name]: at % 4 === 0 ? undefined : value };
}

/** The path with a value in place of each parameter. */
export function fillTemplate(template: string, valueOf: (parameter: string) => string): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(valueOf(name)));
}

function queryText(query: Readonly<Record<string, readonly string[] | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, values = []] of Object.entries(query)) for (const value of values) search.append(name, value);
  return search.size === 0 ? '' : `?${search}`;
}
