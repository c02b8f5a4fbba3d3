/** One step of the tables themselves: SQL that leads from version `to - 1` to `to`. */
export interface SchemaMigration {
  readonly to: number;
  readonly sql: string;
}

/** One step of a collection's shape: what a value of version `to - 1` becomes. Bytes are not touched. */
export interface CollectionMigration {
  readonly collection: string;
  readonly to: number;
  readonly change: (value: Record<string, unknown>) => Record<string, unknown>;
}

export interface Migrations {
  readonly schema: readonly SchemaMigration[];
  readonly collections: readonly CollectionMigration[];
}

/** Every step there ever was. Steps are added, never edited: somebody's data is still waiting for each. */
export const MIGRATIONS: Migrations = { schema: [], collections: [] };
