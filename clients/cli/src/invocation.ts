import type { Options } from './options.ts';
import type { Terminal } from './terminal.ts';

/** One call of one command. */
export interface Invocation {
  readonly options: Options;
  readonly words: readonly string[];
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
}
