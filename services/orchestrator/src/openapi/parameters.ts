import type { MountedOperation } from './operation.ts';
import type { OpenApiParameter } from './openapi-types.ts';

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, { readonly description?: string; readonly name?: string }>>;
  readonly required?: readonly string[];
}

/** The path as OpenAPI writes it. A wildcard is called what its schema says by `name`. */
export function templateOf({ url, params }: MountedOperation): string {
  return url.replace(/:(\w+)/g, '{$1}').replace('*', `{${wildcardName(params)}}`);
}

/** Everything that a request may say outside its body. */
export function parametersOf({ url, params, querystring, headers }: MountedOperation): readonly OpenApiParameter[] {
  const described = (params as ObjectSchema | undefined)?.properties ?? {};
  const inPath = Array.from(url.matchAll(/:(\w+)|\*/g), ([part, name]): OpenApiParameter => {
    const { name: _, description, ...schema } = described[name ?? part] ?? { type: 'string' };
    return { name: name ?? wildcardName(params), in: 'path', ...said(description), required: true, schema };
  });
  return [
    ...inPath,
    ...named(querystring as ObjectSchema | undefined, 'query'),
    ...named(headers as ObjectSchema, 'header'),
  ];
}

function named({ properties = {}, required = [] }: ObjectSchema = {}, where: 'query' | 'header'): OpenApiParameter[] {
  return Object.entries(properties).map(([name, { description, ...schema }]) => {
    return { name, in: where, ...said(description), ...(required.includes(name) ? { required: true } : {}), schema };
  });
}

function said(description: string | undefined): { readonly description?: string } {
  return description === undefined ? {} : { description };
}

function wildcardName(params: unknown): string {
  return (params as ObjectSchema | undefined)?.properties?.['*']?.name ?? 'path';
}
