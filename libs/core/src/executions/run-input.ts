import type { Ref } from '../records/records.ts';
import type { SealContext, SecretVault } from '../secrets/secret-vault.ts';

/** What only the runner may read: the run's environment, apart from what is safe to show. */
export interface RunInput {
  readonly env: Readonly<Record<string, string>>;
  /** Variables whose values are masked in the log. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** The stored form: sealed, and destroyed in the transaction that makes the run terminal. */
export interface SealedRunInput {
  readonly execution_id: string;
  readonly sealed: Uint8Array;
  /** Should the run's end never come, the input goes all the same. */
  readonly delete_at_ms: number;
}

export const runInputRef = (executionId: string): Ref<SealedRunInput> => ({
  collection: 'run-inputs',
  id: executionId,
});

const contextOf = (executionId: string): SealContext => ({
  collection: 'run-inputs',
  id: executionId,
  field: 'sealed',
});

/** Seals the input for this execution and no other. */
export async function sealRunInput(
  vault: SecretVault,
  executionId: string,
  input: RunInput,
  deleteAtMs: number,
): Promise<SealedRunInput> {
  const plain = new TextEncoder().encode(JSON.stringify(input));
  const sealed = await vault.seal(plain, contextOf(executionId));
  return { execution_id: executionId, sealed, delete_at_ms: deleteAtMs };
}

/** Opens what `sealRunInput` sealed. */
export async function openRunInput(vault: SecretVault, stored: SealedRunInput): Promise<RunInput> {
  const plain = await vault.open(stored.sealed, contextOf(stored.execution_id));
  return JSON.parse(new TextDecoder().decode(plain)) as RunInput;
}
