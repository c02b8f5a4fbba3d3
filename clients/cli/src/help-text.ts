import { COMMANDS } from './command-table.ts';
import { COMMON_OPTIONS, LEADING_OPTIONS } from './shared-options.ts';
import { optionText, type OptionTable } from './options.ts';

/** The help of one command, or of all when none is named; undefined when there is no such command. */
export function helpText(name?: string): string | undefined {
  if (name === undefined) return overview();
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) return undefined;
  return [
    `runvoy ${command.usage}`,
    `  ${command.summary}`,
    ...section('Options:', rows(command.options)),
    ...section('Common options:', rows(COMMON_OPTIONS)),
    ...(command.notes ? ['', ...command.notes] : []),
    ...section(
      'Examples:',
      command.examples.map((example) => `  ${example}`),
    ),
    '',
  ].join('\n');
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length)) + 2;
  const names = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}`);
  return [
    'runvoy runs commands and proves their logs.',
    '',
    'Usage: runvoy [options] <command> ...',
    ...section('Commands:', names),
    ...section('Options:', rows(LEADING_OPTIONS)),
    '',
    'With --json an error is one object on stderr: {"error":{"status"?,"code","message","request_id"?}}.',
    'The server: --api-endpoint, RUNVOY_API_ENDPOINT, --profile, ~/.runvoy/config.yaml, then a local server that runs.',
    '"runvoy help <command>" says more.',
    '',
  ].join('\n');
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

const NAME_COLUMN = 26;

function rows(table: OptionTable): readonly string[] {
  return Object.entries(table).map(([name, option]) => {
    const { short, value } = option;
    const text = optionText(option);
    const shown = `  ${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
    return shown.length >= NAME_COLUMN + 2 ? `${shown}  ${text}` : `${shown.padEnd(NAME_COLUMN + 2)}${text}`;
  });
}
