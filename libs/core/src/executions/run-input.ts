import type { Ref } from '../records/records.ts';
import type { SealContext, SecretVault } from '../secrets/secret-vault.ts';

/** What only the runner may read: the run's environment, apart from what is safe to show. */
export interface RunInput {
  readonly env: Readonly<Record<string, string>>;
  /** Variables whose values are masked in the log. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** What a run without variables has. */
export const EMPTY_INPUT: RunInput = { env: {}, secrets: {} };

/** True for an input that need not be kept. */
export function isEmpty({ env, secrets }: RunInput): boolean {
  return Object.keys(env).length === 0 && Object.keys(secrets).length === 0;
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
  const plain = new TextEncoder().encode(written(input));
  const sealed = await vault.seal(plain, contextOf(executionId));
  return { execution_id: executionId, sealed, delete_at_ms: deleteAtMs };
}

/** Opens what `sealRunInput` sealed. */
export async function openRunInput(vault: SecretVault, stored: SealedRunInput): Promise<RunInput> {
  const plain = await vault.open(stored.sealed, contextOf(stored.execution_id));
  return read(new TextDecoder().decode(plain));
}

/**
 * The number of plain variables, then name and value of each, parted by NUL, which none of them can hold. JSON would make six bytes
 * of a control character, and an environment within its limits might not fit into a record.
 */
function written({ env, secrets }: RunInput): string {
  const plain = Object.entries(env);
  return [String(plain.length), ...plain.flat(), ...Object.entries(secrets).flat()].join('\0');
}

function read(text: string): RunInput {
  const [count, ...parts] = text.split('\0');
  const entries = Array.from({ length: parts.length / 2 }, (_, i) => [parts[2 * i]!, parts[2 * i + 1]!] as const);
  return {
    env: Object.fromEntries(entries.slice(0, Number(count))),
    secrets: Object.fromEntries(entries.slice(Number(count))),
  };
}
