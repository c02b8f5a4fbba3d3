import { isFailure, may, reauthenticate, type Caller, type Clock, type Execution, type Records } from '@runvoy/core';
import type { Logger } from '@runvoy/runtime';

/** What must stay true for a stream to stay open. */
export interface Watched {
  readonly keyId: string;
  readonly execution: Execution;
  /** Called when the key, its user or the permission is gone. */
  revoke(): void;
}

/** Keys asked about at the same time. */
const AT_ONCE = 16;

/** Asks once for each key whether it still stands and still may read what is watched with it. A store that fails revokes nobody. */
export async function recheckViewers(
  deps: { readonly records: Records; readonly clock: Clock; readonly logger: Logger },
  watched: Iterable<Watched>,
): Promise<void> {
  const byKey = [...Map.groupBy(watched, ({ keyId }) => keyId)];
  for (let start = 0; start < byKey.length; start += AT_ONCE) {
    await Promise.all(byKey.slice(start, start + AT_ONCE).map(([keyId, group]) => recheckKey(deps, keyId, group)));
  }
}

async function recheckKey(
  deps: { readonly records: Records; readonly clock: Clock; readonly logger: Logger },
  keyId: string,
  group: readonly Watched[],
): Promise<void> {
  let caller: Caller | undefined;
  try {
    caller = await reauthenticate(deps, keyId);
  } catch (error) {
    if (!isFailure(error, 'API_KEY_REVOKED') && !isFailure(error, 'INVALID_API_KEY')) {
      deps.logger.warn('Could not check the keys of open live views; asking again next time', { error });
      return;
    }
  }
  for (const view of group) {
    if (!caller || !may(caller, 'execution.read', view.execution.owned_by)) view.revoke();
  }
}
