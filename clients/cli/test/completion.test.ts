import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { COMMANDS } from '../src/command-table.ts';
import { bashCompletion } from '../src/completion/bash.ts';
import { completedCommands, verbsOf } from '../src/completion/command-words.ts';
import { fishCompletion } from '../src/completion/fish.ts';
import { zshCompletion } from '../src/completion/zsh.ts';

/** What bash offers for the last of these words, by really sourcing the completions. */
function offered(...words: readonly string[]): string[] {
  const script = `${bashCompletion()}
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_runvoy
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['--norc', '-ec', script, 'bash', 'runvoy', ...words], { encoding: 'utf8' });
  return output.split('\n').filter((word) => word !== '');
}

test.each<[readonly string[], readonly string[]]>([
  [['ru'], ['run']],
  [['--json', 'sta'], ['status']],
  [['--profile', 'status', 'sta'], ['status']],
  [['users', 're'], ['revoke']],
  [['users', '--role', 'admin', 'cr'], ['create']],
  [['audit', ''], ['verify']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['help', 'who'], ['whoami']],
  [
    ['run', '--git-r'],
    ['--git-repo', '--git-ref'],
  ],
  [['logs', '--ta'], ['--tail']],
  [['kill', '--for'], ['--force']],
  [['users', 'create', 're'], []],
  [['run', '--image', 'al'], []],
  [['run', 'ls', '--im'], []],
  [['run', '--', '--im'], []],
  [['nothing', ''], []],
])('bash offers for runvoy %j exactly %j', (words, expected) => {
  expect(offered(...words)).toEqual(expected);
});

test('bash offers every command', () => {
  expect(offered('')).toEqual(Object.keys(COMMANDS));
});

test.each([
  ['images', ['register', 'list', 'show', 'unregister']],
  ['local', ['login', 'reset']],
  ['health', ['reconcile']],
  ['run', []],
  ['kill', []],
  ['can', []],
])('the verbs of %s are read from its usage', (name, verbs) => {
  expect(verbsOf(name, COMMANDS[name]!)).toEqual(verbs);
});

// Neither shell is there on every machine: what is checked is their rules of quoting, and that nothing is left out.
test.each([
  ['zsh', zshCompletion(), /'(?:[^'])*'|\\'/g, (name: string) => name],
  ['fish', fishCompletion(), /'(?:[^'\\]|\\.)*'/g, (name: string) => `-l ${name.slice(2)}`],
] as const)(
  'the completions for %s name every command and option, and their quotes are closed',
  (_, text, quoted, shown) => {
    for (const { name, verbs, options } of completedCommands()) {
      const own = text.split('\n').filter((line) => line.includes(name));
      expect(own.length).toBeGreaterThan(0);
      for (const { spellings } of options) expect(own.some((line) => line.includes(shown(spellings[0]!)))).toBe(true);
      for (const verb of verbs) expect(own.some((line) => line.includes(verb))).toBe(true);
    }
    for (const line of text.split('\n').filter((one) => !one.startsWith('#'))) {
      expect(line.replaceAll(quoted, '')).not.toMatch(/['`]/);
    }
  },
);
