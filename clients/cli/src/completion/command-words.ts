import { COMMANDS } from '../command-table.ts';
import type { Command } from '../command.ts';
import { COMMON_OPTIONS, LEADING_OPTIONS } from '../shared-options.ts';
import type { OptionTable } from '../options.ts';

/** An option as a shell completes it. */
export interface CompletedOption {
  /** `--image`, and `-i` where there is one. */
  readonly spellings: readonly string[];
  /** What its value is called; undefined: it takes none. */
  readonly value: string | undefined;
  readonly text: string;
  readonly isRepeated: boolean;
}

/** A command as a shell completes it. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  /** The words that may follow it, where they are known: `create`, `list`. */
  readonly verbs: readonly string[];
  readonly options: readonly CompletedOption[];
  /** From its first word on everything belongs to a command to run. */
  readonly isRest: boolean;
}

/** Words of a usage line that stand for others. */
const PLACEHOLDERS = ['options', 'command'];

/** Every command, in the order of the help. */
export function completedCommands(): readonly CompletedCommand[] {
  return Object.entries(COMMANDS).map(([name, command]) => ({
    name,
    summary: command.summary,
    verbs: name === 'help' ? Object.keys(COMMANDS) : verbsOf(name, command),
    options: completedOptions({ ...command.options, ...COMMON_OPTIONS }),
    isRest: command.words === 'rest',
  }));
}

/** Options that go before the name of a command. */
export function leadingOptions(): readonly CompletedOption[] {
  return completedOptions(LEADING_OPTIONS);
}

/** `create | list` of `users create | list [options]`, `verify` of `audit [verify]`. */
export function verbsOf(name: string, { usage }: Pick<Command, 'usage'>): readonly string[] {
  const [, words = ''] = /^ \[?([a-z][a-z-]*(?: \| [a-z][a-z-]*)*)/.exec(usage.slice(name.length)) ?? [];
  return words.split(' | ').filter((word) => word !== '' && !PLACEHOLDERS.includes(word));
}

function completedOptions(table: OptionTable): readonly CompletedOption[] {
  return Object.entries(table).map(([name, { type, short, value, multiple, text }]) => ({
    spellings: [`--${name}`, ...(short === undefined ? [] : [`-${short}`])],
    value: type === 'string' ? (value ?? 'VALUE') : undefined,
    text,
    isRepeated: multiple === true,
  }));
}
