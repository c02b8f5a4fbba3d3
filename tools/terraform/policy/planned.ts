import type { PlannedResource } from '../terraform-workspace.ts';

/** One rule: looks at everything that is planned and says what breaks it. */
export type Policy = (resources: readonly PlannedResource[]) => readonly string[];

/** The planned resources of one type. */
export function ofType(resources: readonly PlannedResource[], type: string): readonly PlannedResource[] {
  return resources.filter((resource) => resource.type === type);
}

/** A text, or a number or flag as one; empty when it is absent or only Google can tell. */
export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** The nested blocks of a name. */
export function blocksIn(body: Readonly<Record<string, unknown>>, name: string): readonly Record<string, unknown>[] {
  return [body[name] ?? []].flat() as Record<string, unknown>[];
}

/** One line for each resource of a type that does not keep a rule. */
export function each(
  type: string,
  keeps: (after: PlannedResource['after'], resource: PlannedResource) => boolean,
  broken: string,
): Policy {
  return (resources) =>
    ofType(resources, type).flatMap((resource) =>
      keeps(resource.after, resource) ? [] : [`${resource.address}: ${broken}`],
    );
}
