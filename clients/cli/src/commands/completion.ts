import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { usageProblem } from '../problem.ts';

const SHELLS: Readonly<Record<string, () => Promise<string>>> = {
  bash: async () => (await import('../completion/bash.ts')).bashCompletion(),
  zsh: async () => (await import('../completion/zsh.ts')).zshCompletion(),
  fish: async () => (await import('../completion/fish.ts')).fishCompletion(),
};

/** `runvoy completion`: what a shell is to load, made from the table of commands. */
export async function completion({ words, terminal }: Invocation): Promise<number> {
  const [shell = ''] = words;
  const make = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (!make) throw usageProblem(`There are completions for ${Object.keys(SHELLS).join(', ')}; got "${shell}".`);
  terminal.stdout.write(await make());
  return EXIT.ok;
}
