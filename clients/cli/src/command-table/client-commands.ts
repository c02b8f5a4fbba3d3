import type { Command } from '../command.ts';

/** The command line itself. */
export const CLIENT_COMMANDS: Readonly<Record<string, Command>> = {
  completion: {
    usage: 'completion bash | zsh | fish',
    summary: 'print what makes a shell complete commands and options',
    options: {},
    notes: [
      'bash: eval "$(runvoy completion bash)" in ~/.bashrc.',
      'zsh: runvoy completion zsh > "${fpath[1]}/_runvoy", then start a new shell.',
      'fish: runvoy completion fish > ~/.config/fish/completions/runvoy.fish.',
    ],
    examples: ['runvoy completion bash', 'runvoy completion fish > ~/.config/fish/completions/runvoy.fish'],
    words: { least: 1, most: 1 },
    load: async () => (await import('../commands/completion.ts')).completion,
  },
  version: {
    usage: 'version',
    summary: 'show the versions of this client and of the server',
    options: {},
    examples: ['runvoy version'],
    words: { least: 0, most: 0 },
    load: async () => (await import('../commands/version.ts')).version,
  },
  help: {
    usage: 'help [command]',
    summary: 'show help',
    options: {},
    examples: ['runvoy help run'],
    words: { least: 0, most: 1 },
    load: async () => (await import('../commands/help.ts')).help,
  },
};
