import { runInputRef, openRunInput, sealRunInput, type SealedRunInput } from '../executions/run-input.ts';
import { unfinishedExecutions } from '../executions/unfinished.ts';
import { Failure } from '../failure.ts';
import type { Records, Stored } from '../records/records.ts';
import type { Clock, Millis } from '../time/clock.ts';
import { sealedWith } from './envelope.ts';
import { openValue, sealValue } from './secret-value.ts';
import type { SealingKeys, SecretVault } from './secret-vault.ts';
import { secretRef, type Secret } from './secret.ts';
import { everySecret } from './secrets.ts';

export interface ResealDeps {
  readonly records: Records;
  readonly vault: SecretVault;
  readonly clock: Clock;
}

/** What a pass over everything sealed came to. */
export interface Resealed {
  /** How many values this pass has sealed anew. */
  readonly resealed: number;
  /** How many an older key still seals: the time was up, or somebody else was writing them. */
  readonly remaining: number;
  /** Values that did not open, by place; they stay as they are. */
  readonly closed: readonly string[];
}

type Outcome = 'current' | 'resealed' | 'remaining' | 'closed';

/**
 * Seals with the current key what an older one sealed: secrets, and the variables of runs that have not ended. Each value is replaced
 * only as it was read, so that no change made meanwhile is lost, and stands for itself: a pass that is cut short at any moment, or
 * runs beside another, leaves every value openable, and the next one goes on with what is left. Nothing else of a record changes.
 * Rejects when the store or the place of the keys does not answer. `undefined` where keys cannot be replaced.
 */
export async function reseal(
  deps: ResealDeps,
  untilMs: Millis,
  noticed: (error: unknown, about: string) => void,
): Promise<Resealed | undefined> {
  const { keys } = deps.vault;
  if (!keys) return undefined;
  const counts = { current: 0, resealed: 0, remaining: 0 };
  const closed: string[] = [];
  for await (const [place, renew] of everythingSealed(deps, keys)) {
    const outcome = await renewed(deps, renew, untilMs, (error) => noticed(error, place));
    if (outcome === 'closed') closed.push(place);
    else counts[outcome] += 1;
  }
  return { resealed: counts.resealed, remaining: counts.remaining, closed };
}

/** Seals one value anew; `false` when somebody else has changed the record, or it is gone. */
type Renew = () => Promise<boolean>;

/** What an older key seals, value for value, with how to seal it anew. */
async function* everythingSealed(
  { records, vault }: ResealDeps,
  keys: SealingKeys,
): AsyncGenerator<readonly [place: string, renew: Renew], void, undefined> {
  const isOld = async (sealed: Uint8Array) => {
    const id = sealedWith(sealed);
    return id !== undefined && (await keys.isOlder(id));
  };
  for (const { name, sealed } of await everySecret(records)) {
    if (!(await isOld(sealed))) continue;
    const stored = await records.get(secretRef(name));
    if (stored && (await isOld(stored.value.sealed)))
      yield [`secrets/${name}`, () => renewSecret(records, vault, stored)];
  }
  for (const { execution_id, without_input } of await unfinishedExecutions(records)) {
    const stored = without_input ? undefined : await records.get(runInputRef(execution_id));
    if (stored && (await isOld(stored.value.sealed)))
      yield [`run-inputs/${execution_id}`, () => renewInput(records, vault, stored)];
  }
}

async function renewed(
  { clock }: ResealDeps,
  renew: Renew,
  untilMs: Millis,
  noticed: (error: unknown) => void,
): Promise<Outcome> {
  if (clock.now() >= untilMs) return 'remaining';
  try {
    return (await renew()) ? 'resealed' : 'remaining';
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'INTERNAL_ERROR') throw error;
    noticed(error);
    return 'closed';
  }
}

async function renewSecret(records: Records, vault: SecretVault, { value, version }: Stored<Secret>): Promise<boolean> {
  const sealed = await sealValue(vault, value.name, await openValue(vault, value));
  return records.compareAndSet(secretRef(value.name), version, { ...value, sealed });
}

async function renewInput(
  records: Records,
  vault: SecretVault,
  { value, version }: Stored<SealedRunInput>,
): Promise<boolean> {
  const input = await openRunInput(vault, value);
  const anew = await sealRunInput(vault, value.execution_id, input, value.delete_at_ms);
  return records.compareAndSet(runInputRef(value.execution_id), version, anew);
}
