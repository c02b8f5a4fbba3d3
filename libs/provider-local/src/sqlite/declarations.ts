import { COLLECTIONS, QUERIES } from '@runvoy/core';
import type { CollectionDeclaration, QueryDeclaration } from '@runvoy/core';

/** The collections and queries a store knows. Tests plant others to see data of another time opened. */
export interface Declarations {
  readonly collections: Readonly<Record<string, CollectionDeclaration>>;
  readonly queries: Readonly<Record<string, QueryDeclaration>>;
}

/** Those of `collections.ts`. */
export const DECLARED: Declarations = { collections: COLLECTIONS, queries: QUERIES };
