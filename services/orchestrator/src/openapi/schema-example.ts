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

/** A value of the schema, put together from the examples that stand in it; `undefined` where they are not enough for one. */
export function schemaExample(schema: Described): unknown {
  if (schema.examples) return schema.examples[0];
  if ('const' in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return schema.anyOf.map(schemaExample).find((value) => value !== undefined);
  if (schema.type === 'array') return listExample(schema.items ?? {});
  if (schema.type === 'object') return objectExample(schema);
  if (schema.type === 'null') return null;
  return undefined;
}

function listExample(items: Described): unknown[] {
  const element = schemaExample(items);
  return element === undefined ? [] : [element];
}

function objectExample({ properties = {}, required = [] }: Described): Record<string, unknown> | undefined {
  const values = Object.entries(properties).map(([name, property]) => {
    const bare = property.type === 'boolean' && required.includes(name) ? false : undefined;
    return [name, schemaExample(property) ?? bare] as const;
  });
  if (values.some(([name, value]) => value === undefined && required.includes(name))) return undefined;
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}
