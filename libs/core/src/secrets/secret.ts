import { recordIdOf } from '../records/record-id.ts';
import type { DeclaredQuery, Ref } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';

/** A value that runs may be given by name. It lies here sealed, bound to this record, and is opened only to be handed on. */
export interface Secret {
  readonly name: string;
  /** The variable that a run finds the value in. */
  readonly key_name: string;
  readonly description?: string;
  readonly sealed: Uint8Array;
  readonly created_by: string;
  readonly updated_by: string;
  readonly owned_by: readonly string[];
  /** Who else may use it in a run. Using is not reading: who may use it can still print it there. */
  readonly granted_to: readonly string[];
  readonly created_at_ms: Millis;
  readonly updated_at_ms: Millis;
  readonly created_by_request_id: string;
  readonly modified_by_request_id: string;
}

export const secretRef = (name: string): Ref<Secret> => ({ collection: 'secrets', id: recordIdOf(name) });
export const secretsByName: DeclaredQuery<Secret> = { name: 'secretsByName' };
