interface Described {
  readonly examples?: readonly unknown[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly type?: string;
  readonly items?: Described;
  readonly anyOf?: readonly Described[];
  readonly properties?: Readonly<Record<string, Described>>;
  readonly required?: readonly string[];
}

/** A value of the schema, put together from the examples that stand in it; `undefined` where there is none. */
export function schemaExample(schema: Described): unknown {
  if (schema.examples) return schema.examples[0];
  if ('const' in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf?.[0]) return schemaExample(schema.anyOf[0]);
  if (schema.type === 'array') return listExample(schema.items ?? {});
  if (schema.type === 'object') return objectExample(schema);
  if (schema.type === 'null') return null;
  if (schema.type === 'boolean') return false;
  return undefined;
}

function listExample(items: Described): unknown[] {
  const element = schemaExample(items);
  return element === undefined ? [] : [element];
}

/** What is optional is left out unless it says what it could be. */
function objectExample({ properties = {}, required = [] }: Described): Record<string, unknown> {
  const named = Object.entries(properties).map(([name, property]) => [name, schemaExample(property)] as const);
  return Object.fromEntries(named.filter(([name, value]) => value !== undefined || required.includes(name)));
}
