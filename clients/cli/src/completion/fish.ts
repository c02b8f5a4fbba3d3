import { completedCommands, leadingOptions, type CompletedOption } from './command-words.ts';

/** Completions for fish, for a file of its own. */
export function fishCompletion(): string {
  const lines = completedCommands().flatMap(({ name, summary, verbs, options }) => [
    `complete -c runvoy -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ...verbs.map((verb) => `complete -c runvoy -n ${within(name, verbs)} -f -a ${verb}`),
    ...options.map(
      (option) => `complete -c runvoy -n ${quoted(`__fish_seen_subcommand_from ${name}`)} ${specOf(option)}`,
    ),
  ]);
  const leading = leadingOptions().map((option) => `complete -c runvoy -n __fish_use_subcommand ${specOf(option)}`);
  return `# Completes runvoy in fish.\n${[...leading, ...lines].join('\n')}\n`;
}

/** Behind this command, and before any of its verbs. */
function within(name: string, verbs: readonly string[]): string {
  return quoted(`__fish_seen_subcommand_from ${name}; and not __fish_seen_subcommand_from ${verbs.join(' ')}`);
}

function specOf({ spellings, value, text }: CompletedOption): string {
  const names = spellings.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return [...names, ...(value === undefined ? [] : ['-r']), `-d ${quoted(text)}`].join(' ');
}

/** Within single quotes fish knows \\ and \'. */
function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}
