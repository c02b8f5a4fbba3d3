import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { usageProblem } from '../problem.ts';

/** `runvoy help [command]`. */
export async function help({ words: [name], terminal, helpText }: Invocation): Promise<number> {
  const text = helpText(name);
  if (text === undefined) throw usageProblem(`There is no command "${name}". "runvoy help" lists them.`);
  terminal.stdout.write(text);
  return EXIT.ok;
}
