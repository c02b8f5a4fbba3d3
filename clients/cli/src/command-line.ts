import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { COMMANDS } from './command-table.ts';
import type { Command } from './command.ts';
import { COMMON_OPTIONS, LEADING_OPTIONS } from './shared-options.ts';
import { Options, type OptionTable } from './options.ts';
import { usageProblem } from './problem.ts';
import { verbsOf } from './verb-names.ts';

/** What the user asked for. `command` is undefined when only options were given. */
export interface CommandLine {
  readonly name: string | undefined;
  readonly command: Command | undefined;
  readonly options: Options;
  readonly words: readonly string[];
}

/** Reads `[common options] command [options] [words]`. Throws a usage problem that names the culprit. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const at = firstWord(args, LEADING_OPTIONS);
  const name = at && args[at.index];
  const before = readOptions(args.slice(0, at?.index ?? args.length), LEADING_OPTIONS, undefined).values;
  if (name === undefined) return { name, command: undefined, options: new Options(before), words: [] };
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw usageProblem(`There is no command "${name}". "runvoy help" lists them.`);
  const table = { ...COMMON_OPTIONS, ...command.options };
  const { values, words } = readAfterName(args.slice(at!.index + 1), name, command, table);
  return { name, command, options: new Options({ ...before, ...values }), words };
}

/** The name of the command, as far as it can be told: also of a line that is wrong otherwise. */
export function commandName(args: readonly string[]): string | undefined {
  const at = firstWord(args, LEADING_OPTIONS);
  return at && args[at.index];
}

/** Whether the line starts a run, as far as it can be told: the exit codes below 125 are its command's then. */
export function startsRun(args: readonly string[]): boolean {
  const at = firstWord(args, LEADING_OPTIONS);
  const name = at && args[at.index];
  if (name !== 'playbook') return name === 'run';
  const rest = args.slice(at!.index + 1);
  const verb = firstWord(rest, { ...COMMON_OPTIONS, ...COMMANDS[name]?.options });
  return verb !== undefined && rest[verb.index] === 'run';
}

/** True for a command line that looks for something in a log. */
export function searchesLog(args: readonly string[]): boolean {
  if (commandName(args) !== 'logs') return false;
  const table = { ...LEADING_OPTIONS, ...COMMANDS['logs']?.options };
  for (const token of tokensOf(args, table)) {
    if (token.kind === 'option-terminator') return false;
    if (token.kind === 'option' && (token.name === 'search' || token.name === 'first-error')) return true;
  }
  return false;
}

/** Whether `--json` was given, as far as it can be told: also of a line that is wrong otherwise, whose problem is to be told in JSON. */
export function wantsJson(args: readonly string[]): boolean {
  const name = commandName(args);
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const table = { ...LEADING_OPTIONS, ...command?.options };
  let wordsLeft = command?.words === 'rest' ? 1 : Infinity;
  for (const token of tokensOf(args, table)) {
    if (token.kind === 'option-terminator') return false;
    if (token.kind === 'option' && token.name === 'json') return true;
    // Behind the first word of the command to run nothing is ours.
    if (token.kind === 'positional' && wordsLeft-- === 0) return false;
  }
  return false;
}

function readAfterName(args: readonly string[], name: string, command: Command, table: OptionTable) {
  if (command.words !== 'rest') {
    const { values, words } = readOptions(args, table, name);
    if (values['help'] !== true) {
      checkWords(words, name, command.words);
      checkVerb(words[0] ?? '', name, command, values);
    }
    return { values, words };
  }
  const at = firstWord(args, table);
  const { values } = readOptions(args.slice(0, at?.index ?? args.length), table, name);
  const words = at ? args.slice(at.index) : [];
  if (at && !at.isMarked) checkTrailingOptions(words, table);
  return { values, words };
}

/** Where the words begin; `isMarked`: behind a `--`. */
function firstWord(args: readonly string[], table: OptionTable): { index: number; isMarked: boolean } | undefined {
  for (const token of tokensOf(args, table)) {
    if (token.kind === 'option-terminator') return { index: token.index + 1, isMarked: true };
    if (token.kind === 'positional') return { index: token.index, isMarked: false };
  }
  return undefined;
}

function tokensOf(args: readonly string[], table: OptionTable) {
  return parseArgs({ args: [...args], options: table, strict: false, allowPositionals: true, tokens: true }).tokens;
}

/**
 * `--timeout -5` as `--timeout=-5`. No option of ours is a number: it is a value, and whoever reads the value says what is wrong with
 * it, where parseArgs would speak of ambiguity.
 */
function joinNegativeValues(args: readonly string[], table: OptionTable): string[] {
  const joined: (string | undefined)[] = [...args];
  for (const token of tokensOf(args, table)) {
    if (token.kind !== 'option' || token.inlineValue !== false || !/^-[\d.]/.test(token.value)) continue;
    const { index, rawName, value } = token;
    if (args[index] !== rawName || args[index + 1] !== value) continue;
    joined[index] = `${rawName}${rawName.startsWith('--') ? '=' : ''}${value}`;
    joined[index + 1] = undefined;
  }
  return joined.filter((arg) => arg !== undefined);
}

function readOptions(args: readonly string[], table: OptionTable, name: string | undefined) {
  const options: ParseArgsOptionsConfig = table;
  try {
    const { values, positionals } = parseArgs({
      args: joinNegativeValues(args, table),
      options,
      allowPositionals: true,
    });
    return { values, words: positionals };
  } catch (error) {
    // Only the first sentence: the others explain how parseArgs is called.
    const message = (error as Error).message.split(/\. |\n/, 1)[0] ?? '';
    throw usageProblem(`${message.replace(/\.$/, '')}. See "runvoy help${name === undefined ? '' : ` ${name}`}".`);
  }
}

function checkWords(words: readonly string[], name: string, { least, most }: { least: number; most: number }): void {
  if (words.length >= least && words.length <= most) return;
  const what = words.length < least ? 'Something is missing' : `Too much: "${words[most]}"`;
  throw usageProblem(`${what}. Usage: runvoy ${COMMANDS[name]?.usage ?? name}`);
}

/** What another verb takes would be passed over. A verb that there is not is told of by the command. */
function checkVerb(verb: string, name: string, command: Command, values: Readonly<Record<string, unknown>>): void {
  if (verb !== '' && !verbsOf(name, command).includes(verb)) return;
  for (const [option, { verbs }] of Object.entries(command.options)) {
    if (values[option] === undefined || verbs === undefined || verbs.includes(verb)) continue;
    const places = verbs.map((one) => `"runvoy ${name}${one === '' ? '' : ` ${one}`}"`);
    throw usageProblem(`--${option} goes with ${places.join(', ')}, not with "${verb}".`);
  }
}

/**
 * `run 'make test' --detach`: a quoted command is whole, so what follows is hardly part of it, and running it wrongly would be worse
 * than asking. `run ls -la` is clear: nothing of it was quoted.
 */
function checkTrailingOptions(words: readonly string[], table: OptionTable): void {
  if (!/\s/.test(words[0] ?? '')) return;
  const ours = Object.entries(table).flatMap(([name, { short }]) => [`--${name}`, ...(short ? [`-${short}`] : [])]);
  const found = words.slice(1).find((word) => ours.includes(word.split('=', 1)[0] ?? ''));
  if (found === undefined) return;
  throw usageProblem(
    `Is ${found} meant for runvoy or for the command? Put runvoy's options before the command; if it is the command's, write "--" before the command.`,
  );
}
