import type { Command } from './command.ts';

/** Words of a usage line that stand for others. */
const PLACEHOLDERS = ['options', 'command'];

/** `create | list` of `users create | list [options]`, `verify` of `audit [verify]`. */
export function verbsOf(name: string, { usage }: Pick<Command, 'usage'>): readonly string[] {
  const [, words = ''] = /^ \[?([a-z][a-z-]*(?: \| [a-z][a-z-]*)*)/.exec(usage.slice(name.length)) ?? [];
  return words.split(' | ').filter((word) => word !== '' && !PLACEHOLDERS.includes(word));
}
