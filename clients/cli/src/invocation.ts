import type { Options } from './options.ts';
import type { Terminal } from './terminal.ts';

/** One call of one command. */
export interface Invocation {
  readonly options: Options;
  readonly words: readonly string[];
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  /** The help of one command, or of all when none is named; undefined when there is no such command. */
  readonly helpText: (name?: string) => string | undefined;
}
