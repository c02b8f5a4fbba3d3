import type { Ref } from '../src/records/records.ts';

/** One committed write. */
export interface Write {
  readonly kind: 'create' | 'set' | 'delete';
  readonly ref: Ref<object>;
  readonly value?: object;
}
