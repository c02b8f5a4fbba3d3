import { Failure, isFailure } from '../failure.ts';
import type { Records, Tx } from '../records/records.ts';
import type { SecretVault } from '../secrets/secret-vault.ts';
import type { Clock, Millis } from '../time/clock.ts';
import { sameHash } from '../access/tokens.ts';
import { AnswerBox } from './answer-box.ts';
import type { KeptAnswer } from './kept-answer.ts';
import { keptAnswerRef, requireKey, type KeyedCall } from './keyed-call.ts';

/** How long a key is remembered at least: the store removes the record some time after. */
export const IDEMPOTENCY_MS = 86_400_000;

export interface OnceDeps {
  readonly records: Records;
  readonly vault: SecretVault;
  readonly clock: Clock;
}

/** Puts what is made into the transaction that makes it, so that both are stored or neither. */
export interface Keep<M extends object> {
  /** Where it is kept: a credential holds on to it, so that who ends the credential forgets its text, too. Undefined: nowhere. */
  readonly id?: string;
  /** `untilMs`: when a credential in it is over by itself. */
  put(tx: Tx, made: M, untilMs?: Millis): void;
}

/** For calls without a key: nothing is kept, and nothing is asked of the store. */
export const KEEP_NOTHING: Keep<object> = { put: () => undefined };

/** What a call came to: made by it, or by an earlier one with the same key and body. */
export type Outcome<M, R> =
  { readonly isRepeat: false; readonly made: R } | { readonly isRepeat: true; readonly made: M };

/**
 * Makes a thing once for each key, whoever dies when: `make` puts what it made into its own transaction. Made before, it is answered
 * from what was kept. What `holds` a credential is kept hidden, and only for as long as the credential is good for anything.
 * Fails with `IDEMPOTENCY_CONFLICT` for the same key with another body, with `ANSWER_GONE` when the credential in the answer is over or
 * the key it is sealed with was destroyed, and as `make` does. What failed is not kept: it made nothing, and is decided anew.
 */
export async function once<M extends object, R = M>(
  deps: OnceDeps,
  call: KeyedCall | undefined,
  holds: 'nothing-secret' | 'credential',
  make: (keep: Keep<M>) => Promise<R>,
): Promise<Outcome<M, R>> {
  if (!call) return { isRepeat: false, made: await make(KEEP_NOTHING) };
  requireKey(call.key);
  const before = await keptFor<M>(deps, call);
  if (before) return { isRepeat: true, made: before };
  const ref = keptAnswerRef(call);
  const box = await AnswerBox.make(deps.vault, ref);
  const keep: Keep<M> = {
    id: ref.id,
    put(tx, made, untilMs) {
      tx.create(ref, {
        sealed: box.sealed,
        body_mac: box.macOf(call.body),
        ...(holds === 'credential' ? { hidden: box.hide(made) } : { made: made as NonNullable<KeptAnswer['made']> }),
        ...(untilMs === undefined ? {} : { until_ms: untilMs }),
        delete_at_ms: deps.clock.now() + IDEMPOTENCY_MS,
      });
    },
  };
  try {
    return { isRepeat: false, made: await make(keep) };
  } catch (error) {
    // The same call may have made it meanwhile, elsewhere; or this one has, and the store's answer was lost.
    const meanwhile = await keptFor<M>(deps, call);
    if (!meanwhile) throw error;
    return { isRepeat: true, made: meanwhile };
  }
}

async function keptFor<M extends object>(deps: OnceDeps, call: KeyedCall): Promise<M | undefined> {
  const ref = keptAnswerRef(call);
  const kept = (await deps.records.get(ref))?.value;
  if (!kept) return undefined;
  const box = await AnswerBox.open(deps.vault, ref, kept.sealed).catch((cause: unknown) => {
    // Whether the body is the same nobody can say any more; that something was made under this key is known.
    throw isFailure(cause, 'INTERNAL_ERROR') ? new Failure('ANSWER_GONE', call.key, { cause }) : cause;
  });
  if (!sameHash(box.macOf(call.body), kept.body_mac)) throw new Failure('IDEMPOTENCY_CONFLICT', call.key);
  if (kept.made) return kept.made as M;
  const untilMs = Math.min(kept.until_ms ?? Infinity, kept.delete_at_ms);
  if (kept.hidden === undefined || untilMs <= deps.clock.now()) throw new Failure('ANSWER_GONE', call.key);
  return box.show(kept.hidden) as M;
}
