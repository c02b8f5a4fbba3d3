import { COMMANDS } from '../command-table.ts';
import { EXIT } from '../exit-code.ts';
import { helpText } from '../help-text.ts';
import type { Invocation } from '../invocation.ts';
import { usageProblem } from '../problem.ts';

/** `runvoy help [command]`. */
export async function help({ words: [name], terminal }: Invocation): Promise<number> {
  if (name !== undefined && !Object.hasOwn(COMMANDS, name)) {
    throw usageProblem(`There is no command "${name}". "runvoy help" lists them.`);
  }
  terminal.stdout.write(helpText(name));
  return EXIT.ok;
}
