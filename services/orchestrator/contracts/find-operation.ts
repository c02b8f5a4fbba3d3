import type { OpenApiDocument, OpenApiOperation } from '../src/openapi/openapi-types.ts';

/** An operation and where it is. */
export interface FoundOperation {
  /** The path as the document has it. */
  readonly template: string;
  readonly operation: OpenApiOperation;
}

/** The operation that a request is for: the template with the most words in common, and a last parameter may hold slashes. */
export function findOperation(document: OpenApiDocument, method: string, path: string): FoundOperation | undefined {
  const asked = path.replace(/\/$/, '').split('/');
  const [best] = Object.entries(document.paths)
    .flatMap(([template, methods]) => {
      const operation = methods[method.toLowerCase()];
      const parts = template.split('/');
      return operation && matches(parts, asked) ? [{ template, operation, parts }] : [];
    })
    .toSorted((a, b) => b.parts.length - a.parts.length || words(b.parts) - words(a.parts));
  return best;
}

function matches(template: readonly string[], path: readonly string[]): boolean {
  const isOpen = template.at(-1) === '{image}';
  if (isOpen ? path.length < template.length : path.length !== template.length) return false;
  return template.every((part, i) => (part.startsWith('{') ? path[i] !== '' : part === path[i]));
}

function words(template: readonly string[]): number {
  return template.filter((part) => !part.startsWith('{')).length;
}
