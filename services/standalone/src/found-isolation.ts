import type { Isolation } from '@runvoy/protocol';

/** What keeps runs apart on this machine, as the provider found it. */
export interface FoundIsolation {
  readonly level: Isolation;
  /** Of isolation `container`: the engine and what it truly limits here. */
  readonly engine?: { readonly command: readonly string[]; readonly enforces: readonly string[] };
  /** Why there is nothing better. */
  readonly whyNotBetter?: string;
}
