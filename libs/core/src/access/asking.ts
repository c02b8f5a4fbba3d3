import type { ActedBy } from '../audit/audit.ts';
import type { Caller } from './authenticate.ts';

/** Who asks, and in which request. */
export interface Asking {
  readonly caller: Caller;
  readonly requestId: string;
}

/** Who asks, as it is kept with what they did. */
export function deedBy({ caller, requestId }: Asking): ActedBy {
  return { email: caller.user.email, requestId, keyId: caller.key_id };
}
