import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { isShellName } from '../env-file.ts';
import { openLineCutter, textOf } from '../line-cutter.ts';
import { shellWord } from './shell-word.ts';

/** A shell inside a sandbox that does one step after the other. */
export interface StepsShell {
  /** Runs shell text; resolves with its exit code, or undefined when the sandbox ended before. Its output goes to `onLine`. */
  step(text: string, onLine?: (text: string) => void): Promise<number | undefined>;
  /** The same with the outputs that the run's command has. */
  command(text: string): Promise<number | undefined>;
}

/** The descriptors inside that lead to the run's log. */
export const COMMAND_FDS = { stdout: 4, stderr: 5 } as const;
/** A line of a step's output that is longer is given up: nobody reads it, and a command may write here without end. */
const LINE_MAX = 256 * 1024;
const CLOSED = `${COMMAND_FDS.stdout}>&- ${COMMAND_FDS.stderr}>&-`;

interface Step {
  readonly onLine: (text: string) => void;
  readonly resolve: (code: number | undefined) => void;
}

/**
 * Speaks to `sh -s` on its standard input and output. What tools print and the answers come on one pipe, so that all of a step's output is there
 * before its end; an answer carries a word that no tool can know. A command that finds it out (it may look into the shell)
 * can lie about its own exit code, which it may choose anyway: what lives then is ended all the same.
 */
export function openStepsShell(input: Writable, answers: Readable): StepsShell {
  const word = randomBytes(16).toString('hex');
  const waiting: Step[] = [];
  let isOver = false;
  let text = '';
  /** The line feed before an answer is ours: output may end without one. */
  let isEmptyHeld = false;

  // The sandbox's end is told by the answers' end.
  input.on('error', () => undefined);
  answers.setEncoding('utf8');
  answers.on('data', (piece: string) => {
    const lines = (text + piece).split('\n');
    text = lines.pop()!.slice(0, LINE_MAX);
    for (const line of lines) take(line);
  });
  answers.on('error', () => undefined);
  answers.on('close', () => {
    isOver = true;
    for (const step of waiting.splice(0)) step.resolve(undefined);
  });

  function take(line: string): void {
    if (line.startsWith(`${word} `)) {
      isEmptyHeld = false;
      waiting.shift()?.resolve(Number(line.slice(word.length + 1)));
      return;
    }
    if (isEmptyHeld) print('');
    isEmptyHeld = line === '';
    if (!isEmptyHeld) print(line);
  }

  function print(line: string): void {
    openLineCutter().push(Buffer.from(`${line}\n`), (cut) => waiting[0]?.onLine(textOf(cut)));
  }

  function ask(command: string, onLine: Step['onLine'], after = ''): Promise<number | undefined> {
    if (isOver) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      waiting.push({ onLine, resolve });
      input.write(`${command}; code=$?; ${after}printf '\\n%s %s\\n' ${word} "$code"\n`);
    });
  }

  return {
    step: (command, onLine = () => undefined) => ask(`{ ${command}\n} </dev/null 2>&1 ${CLOSED}`, onLine),
    command: (command) =>
      ask(
        `{ ${command}\n} </dev/null >&${COMMAND_FDS.stdout} 2>&${COMMAND_FDS.stderr} ${CLOSED}`,
        () => undefined,
        // Before the answer: from then on the outputs are to end with their last writer, and that must not be us.
        `exec ${CLOSED}; `,
      ),
  };
}

/** `argv` with nothing but `env` around it. */
export function commandLine(argv: readonly string[], env: Readonly<Record<string, string>>): string {
  const settings = Object.entries(env).map(([name, value]) => shellWord(`${name}=${value}`));
  return ['/usr/bin/env', '-i', '--', ...settings, ...argv.map(shellWord)].join(' ');
}

/** Shells keep these to themselves: to set one fails, or means something. */
const KEPT_BY_SHELLS = new Set(
  '_ BASHOPTS BASH_VERSINFO COLUMNS DIRSTACK EUID FUNCNAME GROUPS LINENO LINES OPTERR OPTIND PPID RANDOM SECONDS SHELLOPTS UID'.split(
    ' ',
  ),
);

/**
 * An environment as shell text that stands before a program: what the shell can set itself, so that it is in no argument, which
 * others can read; and `env` with the rest.
 */
export function exportsOf(env: Readonly<Record<string, string>>): { readonly exports: string; readonly rest: string } {
  const own: string[] = [];
  const foreign: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (isShellName(name) && !KEPT_BY_SHELLS.has(name)) own.push(`export ${name}=${shellWord(value)};`);
    else foreign.push(shellWord(`${name}=${value}`));
  }
  return { exports: own.join(' '), rest: foreign.length === 0 ? '' : `env -- ${foreign.join(' ')} ` };
}
