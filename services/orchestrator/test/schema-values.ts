import fc from 'fast-check';
import { anyCharacter } from '@runvoy/protocol/contracts/any-character';
import type { OpenApiDocument } from '../src/openapi/openapi-types.ts';

/** As much of JSON Schema as the document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly type?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly examples?: readonly unknown[];
}

/** Values that the schema allows. */
export function allowedBy(schema: Schema, document: OpenApiDocument): fc.Arbitrary<unknown> {
  const of = (part: Schema) => allowedBy(part, document);
  if (schema.$ref !== undefined) return of(document.components['schemas']?.[schema.$ref.split('/').at(-1)!] as Schema);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(of));
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const { minimum: min = -1_000_000, maximum: max = 1_000_000 } = schema;
  switch (schema.type) {
    case 'string':
      return text(schema);
    case 'integer':
      return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
    case 'number':
      return fc.double({ min, max, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(of(schema.items ?? {}), { maxLength: 4 });
    case 'object':
      return objects(schema, of);
    default:
      return fc.jsonValue();
  }
}

/** Values of any kind: next to none of them is allowed by a schema that says anything. */
export const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(null, '', ' ', 0, -1, 1.5, 1e308, true, [], {}, '\u0000', '\ud800', 'a'.repeat(40_000)),
);

function text({ pattern, format, minLength = 0, maxLength = 60, examples = [] }: Schema): fc.Arbitrary<string> {
  const said = examples.map((example) => fc.constant(String(example)));
  if (pattern !== undefined) return fc.oneof(...said, fc.stringMatching(new RegExp(pattern)));
  if (format === 'date-time') {
    const years = { min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true };
    return fc.oneof(
      ...said,
      fc.date(years).map((date) => date.toISOString()),
    );
  }
  const lengths = { minLength, maxLength: Math.min(maxLength, 60) };
  return fc.oneof(...said, fc.string(lengths), fc.string({ ...lengths, unit: anyCharacter }));
}

function objects(schema: Schema, of: (part: Schema) => fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  const { properties = {}, required = [], additionalProperties } = schema;
  const named = Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, of(part)]));
  const listed = fc.record(named, { requiredKeys: [...required] });
  if (typeof additionalProperties !== 'object') return listed;
  return fc.dictionary(fc.string({ minLength: 1, maxLength: 12 }), of(additionalProperties), { maxKeys: 4 });
}
