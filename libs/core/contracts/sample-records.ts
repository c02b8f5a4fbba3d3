import type { CollectionName, QueryName } from '../src/records/collections.ts';
import type { DeclaredQuery, IndexableValue, Records, Ref } from '../src/records/records.ts';

/** Records in the shapes the contract needs: any values in the fields that declared queries look at. */
export interface SampleRun {
  readonly started_at_ms?: IndexableValue;
  readonly status?: IndexableValue;
  readonly created_by?: IndexableValue;
  readonly unfinished?: IndexableValue;
  readonly label_pairs?: readonly string[];
  readonly note?: unknown;
}

export interface SampleUser {
  readonly email?: IndexableValue;
  readonly credit?: number;
}

export interface SampleChunk {
  readonly execution_id: string;
  readonly through: number;
  readonly body?: Uint8Array;
}

export const run = (id: string): Ref<SampleRun> => ({ collection: 'executions', id });
export const user = (id: string): Ref<SampleUser> => ({ collection: 'users', id });
export const chunk = (id: string): Ref<SampleChunk> => ({ collection: 'log-chunks', id });
export const claim = (id: string): Ref<{ delete_at_ms?: number }> => ({ collection: 'claims', id });

export const newestRuns: DeclaredQuery<SampleRun> = { name: 'executionsNewestFirst' };
export const runsByStatus: DeclaredQuery<SampleRun> = { name: 'executionsByStatus' };
export const runsOfUser: DeclaredQuery<SampleRun> = { name: 'executionsOfUser' };
export const runsWithLabel: DeclaredQuery<SampleRun> = { name: 'executionsWithLabel' };
export const unfinishedRuns: DeclaredQuery<SampleRun> = { name: 'executionsUnfinished' };
export const usersByEmail: DeclaredQuery<SampleUser> = { name: 'usersByEmail' };
export const chunksInOrder: DeclaredQuery<SampleChunk> = { name: 'chunksInOrder' };
export const chunksBackwards: DeclaredQuery<SampleChunk> = { name: 'chunksBackwards' };

/** What no table declares, for the tests of refusals. */
export const undeclaredCollection = 'no-such-collection' as CollectionName;
export const undeclaredQuery = 'noSuchQuery' as QueryName;

export type OpenRecords = () => Promise<Records & AsyncDisposable>;

/** The ids of a page, in its order. */
export const ids = (page: { readonly records: readonly { readonly id: string }[] }): string[] =>
  page.records.map(({ id }) => id);
