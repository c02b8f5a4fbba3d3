import { COMMANDS } from '../command-table.ts';
import { COMMON_OPTIONS, LEADING_OPTIONS } from '../shared-options.ts';
import { optionText, type OptionTable } from '../options.ts';
import { verbsOf } from '../verb-names.ts';

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

function completedOptions(table: OptionTable): readonly CompletedOption[] {
  return Object.entries(table).map(([name, option]) => ({
    spellings: [`--${name}`, ...(option.short === undefined ? [] : [`-${option.short}`])],
    value: option.type === 'string' ? (option.value ?? 'VALUE') : undefined,
    text: optionText(option),
    isRepeated: option.multiple === true,
  }));
}
