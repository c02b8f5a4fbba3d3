import type { ModuleSource } from './configuration.ts';
import type { AttributeSchema, BlockSchema, NestedBlockSchema, ProviderSchema } from './provider-schema.ts';

/** Where the schema is kept that the tests check against. */
export const SCHEMA_FILE = new URL('../test/terraform/provider-schema.json', import.meta.url);

type Schemas = Omit<ProviderSchema, 'provider'>;
/** What `terraform providers schema -json` prints, or one provider's part of it. */
export type WholeSchema =
  (Schemas & { readonly provider?: string }) | { readonly provider_schemas: Record<string, Schemas> };

const GOOGLE = 'registry.terraform.io/hashicorp/google';
const ALLOWED = /ossible values(?: are)?:? ?\[([^\]]+)\]/;

/** The part that this configuration uses, without texts. A type that the schema lacks is left out: the test names it. */
export function takeSchema(whole: WholeSchema, modules: readonly ModuleSource[], version?: string): ProviderSchema {
  const schemas = 'provider_schemas' in whole ? whole.provider_schemas[GOOGLE] : whole;
  if (schemas === undefined) throw new Error(`The schema given has no ${GOOGLE}.`);
  const used = modules.flatMap(({ resources }) => resources);
  const take = (kind: 'resource' | 'data', from: Schemas['resource_schemas']) => {
    const types = [...new Set(used.filter((block) => block.kind === kind).map(({ type }) => type))].toSorted();
    return Object.fromEntries(
      types.flatMap((type) => (from[type] === undefined ? [] : [[type, { block: slim(from[type].block) }]])),
    );
  };
  const named = 'provider_schemas' in whole ? undefined : whole.provider;
  return {
    provider: version === undefined ? (named ?? 'hashicorp/google') : `hashicorp/google ${version}`,
    resource_schemas: take('resource', schemas.resource_schemas),
    data_source_schemas: take('data', schemas.data_source_schemas),
  };
}

function slim({ attributes = {}, block_types = {} }: BlockSchema): BlockSchema {
  const each = <T, R>(entries: Readonly<Record<string, T>>, change: (value: T) => R) =>
    Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, change(value)]));
  return { attributes: each(attributes, slimAttribute), block_types: each(block_types, slimBlock) };
}

function slimAttribute(attribute: AttributeSchema & { readonly description?: string }): AttributeSchema {
  const { type, required, optional, computed, description = '' } = attribute;
  const allowed_values =
    attribute.allowed_values ??
    ALLOWED.exec(description)?.[1]
      ?.split(',')
      .map((word) => word.replaceAll(/["\s]/g, ''));
  return {
    type,
    ...(required && { required }),
    ...(optional && { optional }),
    ...(computed && { computed }),
    ...(allowed_values && { allowed_values }),
  };
}

function slimBlock({ nesting_mode, block, min_items, max_items }: NestedBlockSchema): NestedBlockSchema {
  return { nesting_mode, block: slim(block), ...(min_items && { min_items }), ...(max_items && { max_items }) };
}
