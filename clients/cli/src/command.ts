import type { Invocation } from './invocation.ts';
import type { OptionTable } from './options.ts';

/** A command: what the help says of it, and where its code is. */
export interface Command {
  readonly usage: string;
  readonly summary: string;
  readonly options: OptionTable;
  /** Shown below the options. */
  readonly notes?: readonly string[];
  readonly examples: readonly string[];
  /** How many words it takes after its options; `rest`: from the first word on everything is a command to run. */
  readonly words: { readonly least: number; readonly most: number } | 'rest';
  /** Loaded on first use: a start reads only what it needs. */
  readonly load: () => Promise<(invocation: Invocation) => Promise<number>>;
}
