import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { COMMANDS } from '../src/command-table.ts';
import { bashCompletion } from '../src/completion/bash.ts';
import { completedCommands } from '../src/completion/command-words.ts';
import { verbsOf } from '../src/verb-names.ts';
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

const isThere = (shell: string) => spawnSync(shell, ['-c', ':']).status === 0;
const isRequired = process.env['RUNVOY_REQUIRE_ALL'] === '1';

/** A test that needs a shell which not every machine has. */
function withShell(shell: string, title: string, check: () => void, timeoutMs?: number): void {
  const isHere = isThere(shell);
  const because = isHere ? '' : ` — skipped: no ${shell} on this machine`;
  (isHere || isRequired ? test : test.skip)(`${shell} ${title}${because}`, check, timeoutMs);
}

const scratch = mkdtempSync(join(tmpdir(), 'runvoy-completion-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

withShell('fish', 'offers commands, verbs and options with what they are for', () => {
  const file = join(scratch, 'runvoy.fish');
  writeFileSync(file, fishCompletion());
  const offers = (line: string) =>
    execFileSync('fish', ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', file, `runvoy ${line}`], {
      encoding: 'utf8',
    });
  expect(offers('sta')).toBe('status\tshow the state of one run\n');
  expect(offers('users re')).toBe('revoke\n');
  expect(offers('run --git-r')).toMatch(/^--git-ref\t.*\n--git-repo\trepository to clone first\n$/);
  expect(offers('logs -').split('\n')).toEqual(expect.arrayContaining([expect.stringMatching(/^--tail\t/)]));
});

/** Types each line into an interactive zsh, with a tab behind it, and prints the words that runvoy is then called with. */
const ZSH_SESSION = String.raw`
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= RPS1=; autoload -Uz compinit; compinit -D; . $1"
# Both marks are put together, so that what the terminal echoes of this line is neither.
zpty -w shell 'runvoy() { print -r -- "<"":\${(j:|:)@}:"">" }; print rea""dy'
until zpty -r shell line '*ready*'; do :; done
for words in "\${@:2}"; do
  zpty -w shell "runvoy $words"$'\t'
  zpty -r shell line '*:>*'
  print -r -- $line
done`.replaceAll('\\$', '$');

withShell(
  'zsh',
  'completes commands, verbs and options',
  () => {
    const file = join(scratch, '_runvoy');
    writeFileSync(file, zshCompletion());
    const typed = ['sta', 'users rev', 'run --git-rep', 'logs --ta'];
    const printed = execFileSync('zsh', ['-f', '-c', ZSH_SESSION, 'zsh', file, ...typed], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect([...printed.matchAll(/<:([\w|-]+):>/g)].map(([, words]) => words)).toEqual([
      'status',
      'users|revoke',
      'run|--git-repo',
      'logs|--tail',
    ]);
  },
  30_000,
);

// What the shells themselves are not asked, and where they are missing: that nothing is left out, and that quotes are closed.
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
