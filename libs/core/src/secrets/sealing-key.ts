import { deedBy, type Asking } from '../access/asking.ts';
import { requirePermission } from '../access/permissions.ts';
import { openAudit } from '../audit/audit.ts';
import { runInputRef } from '../executions/run-input.ts';
import { unfinishedExecutions } from '../executions/unfinished.ts';
import { Failure } from '../failure.ts';
import type { Records } from '../records/records.ts';
import { sealedWith } from './envelope.ts';
import { reseal, type Resealed, type ResealDeps } from './reseal.ts';
import type { SealingKeys, SecretVault } from './secret-vault.ts';
import { everySecret } from './secrets.ts';

/** A request has to be answered: what is left is for the next pass, or the hourly one. */
const RESEAL_MS = 20_000;

/** What one key still seals. */
export interface SealedBy {
  readonly key_id: string;
  readonly secrets: number;
  readonly run_inputs: number;
}

/** Which key seals now, and what each key seals; older ones that seal nothing are not told. */
export async function sealingKeyUse(
  { records, vault }: Pick<ResealDeps, 'records' | 'vault'>,
  by: Asking,
): Promise<{ readonly key_id: string; readonly sealed: readonly SealedBy[] }> {
  const keys = requireKeys(vault, by);
  return { key_id: await keys.current(), sealed: await countSealed(records) };
}

/**
 * Replaces the key that values are sealed with, and seals what there is with the new one, as far as the time of a request goes. That it
 * is asked for is recorded before the key is made: the place of the keys knows no transaction with the store.
 */
export async function rotateSealingKey(
  deps: ResealDeps,
  by: Asking,
  noticed: (error: unknown, about: string) => void,
): Promise<Resealed & { readonly key_id: string }> {
  const keys = requireKeys(deps.vault, by);
  const subject = await keys.current();
  await deps.records.transact(async (tx) => {
    const audit = await openAudit(tx);
    audit({ at_ms: deps.clock.now(), action: 'sealing-key.rotate', by: deedBy(by), subject });
  });
  await keys.rotate();
  return resealNow(deps, by, noticed);
}

/** Seals with the current key what older ones sealed, as far as the time of a request goes. Changes nothing that anybody can read. */
export async function resealNow(
  deps: ResealDeps,
  by: Asking,
  noticed: (error: unknown, about: string) => void,
): Promise<Resealed & { readonly key_id: string }> {
  const keys = requireKeys(deps.vault, by);
  const done = await reseal(deps, deps.clock.now() + RESEAL_MS, noticed);
  return { key_id: await keys.current(), ...done! };
}

function requireKeys({ keys }: SecretVault, { caller }: Asking): SealingKeys {
  requirePermission(caller, 'sealing-key.manage');
  if (keys) return keys;
  throw new Failure('NOT_FOUND', 'The key that values are sealed with cannot be replaced in this deployment.');
}

async function countSealed(records: Records): Promise<readonly SealedBy[]> {
  const byKey = new Map<string, { secrets: number; run_inputs: number }>();
  const count = (sealed: Uint8Array | undefined, what: 'secrets' | 'run_inputs') => {
    const id = sealed && (sealedWith(sealed) ?? 'unknown');
    if (id === undefined) return;
    const counts = byKey.get(id) ?? { secrets: 0, run_inputs: 0 };
    counts[what] += 1;
    byKey.set(id, counts);
  };
  for (const { sealed } of await everySecret(records)) count(sealed, 'secrets');
  for (const { execution_id, without_input } of await unfinishedExecutions(records)) {
    if (!without_input) count((await records.get(runInputRef(execution_id)))?.value.sealed, 'run_inputs');
  }
  return [...byKey].map(([key_id, counts]) => ({ key_id, ...counts }));
}
