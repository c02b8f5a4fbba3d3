import type { PlannedResource } from './terraform-workspace.ts';
import type { BlockSchema, ProviderSchema } from './provider-schema.ts';

/** What the plan gives a value to that Google does not take, one line each. Terraform itself knows types, not values. */
export function enumProblems(resources: readonly PlannedResource[], schema: ProviderSchema): readonly string[] {
  return resources.flatMap(({ address, type, after }) => {
    // Terraform's own (`terraform_data`) is no provider's.
    if (type.startsWith('terraform_')) return [];
    const known = schema.resource_schemas[type];
    return known === undefined ? [`${address}: no schema of ${type}`] : within(address, after, known.block);
  });
}

function within(path: string, body: Readonly<Record<string, unknown>>, block: BlockSchema): string[] {
  const values = Object.entries(block.attributes ?? {}).flatMap(([name, { allowed_values }]) => {
    const given = [body[name] ?? []].flat() as unknown[];
    if (allowed_values === undefined) return [];
    return given.flatMap((value) =>
      allowed_values.includes(String(value))
        ? []
        : [`${path}.${name}: ${String(value)} is none of ${allowed_values.join(', ')}`],
    );
  });
  const nested = Object.entries(block.block_types ?? {}).flatMap(([name, { block: inner }]) =>
    ([body[name] ?? []].flat() as Record<string, unknown>[]).flatMap((item, at) =>
      within(`${path}.${name}[${at}]`, item, inner),
    ),
  );
  return [...values, ...nested];
}
