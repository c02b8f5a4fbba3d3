import { expect, test } from '@jest/globals';
import { COMMANDS } from '../src/command-table.ts';
import { commandName, readCommandLine, searchesLog, startsRun, wantsJson } from '../src/command-line.ts';
import { helpText } from '../src/help-text.ts';

test('from the first word of "run" on everything belongs to the command', () => {
  const { name, words, options } = readCommandLine(['run', '--timeout', '5m', '-e', 'A=1', 'ls', '-la', '--json']);
  expect(name).toBe('run');
  expect(words).toEqual(['ls', '-la', '--json']);
  expect(options.text('timeout')).toBe('5m');
  expect(options.texts('env')).toEqual(['A=1']);
  expect(options.flag('json')).toBe(false);
});

test('behind "--" a command may begin with anything', () => {
  expect(readCommandLine(['run', '--json', '--', '--version', '-e']).words).toEqual(['--version', '-e']);
});

test('common options may come before the name of the command', () => {
  const line = readCommandLine(['--data-dir', 'd', '--json', 'run', '--detach', 'ls']);
  expect(line.name).toBe('run');
  expect(line.options.text('data-dir')).toBe('d');
  expect(line.options.flag('json') && line.options.flag('detach')).toBe(true);
  expect(commandName(['--data-dir', 'd', 'run', '--nonsense'])).toBe('run');
});

test.each([
  [['run', 'ls'], true],
  [['--json', 'playbook', 'run', 'deploy'], true],
  [['playbook', '--param', 'run=1', 'run', 'deploy'], true],
  [['playbook', 'show', 'run'], false],
  [['playbook'], false],
  [['list'], false],
])('%j starts a run: %s', (args, isRun) => {
  expect(startsRun(args)).toBe(isRun);
});

test.each([
  [['logs', '--search', 'x', 'id'], true],
  [['logs', 'id', '--search=x'], true],
  [['--json', 'logs', '--first-error', 'id'], true],
  [['logs', '--', '--search'], false],
  [['logs', '--verify', 'id'], false],
  [['run', '--search', 'x'], false],
])('%j looks for something in a log: %s', (args, isSearch) => {
  expect(searchesLog(args)).toBe(isSearch);
});

test.each([
  [['run', 'make test', '--detach'], "Put runvoy's options before the command"],
  [['run', '--nonsense', 'ls'], "'--nonsense'"],
  [['list', '--nonsense'], 'See "runvoy help list"'],
  [['list', 'what'], 'Too much: "what"'],
  [['logs'], 'Usage: runvoy logs'],
  [['--limit', '3', 'list'], "'--limit'"],
  [['fly'], 'no command "fly"'],
  [['constructor'], 'no command "constructor"'],
])('%j is refused with a word on what is wrong', (args, message) => {
  expect(() => readCommandLine(args)).toThrow(expect.objectContaining({ kind: 'usage' }));
  expect(() => readCommandLine(args)).toThrow(message);
});

test.each([
  [['run', '--timeout', '-5', 'ls'], 'timeout', '-5'],
  [['run', '--grace', '-3', '--', 'ls'], 'grace', '-3'],
  [['list', '--limit', '-1'], 'limit', '-1'],
  [['logs', '--after', '-1', 'id'], 'after', '-1'],
])('%j gives --%s the value %s, for who reads it to refuse', (args, name, value) => {
  expect(readCommandLine(args).options.text(name)).toBe(value);
});

test('what a command to run is given stays as it is', () => {
  expect(readCommandLine(['run', '--timeout', '5', 'nice', '--timeout', '-5']).words).toEqual([
    'nice',
    '--timeout',
    '-5',
  ]);
});

test.each([['--version'], ['-v']])('%s needs no command', (flag) => {
  const { command, options } = readCommandLine([flag]);
  expect(command).toBeUndefined();
  expect(options.flag('version')).toBe(true);
});

test.each([
  [['--json', 'fly'], true],
  [['list', '--nonsense', '--json'], true],
  [['run', '--json', '--nonsense', 'ls'], true],
  [['run', 'ls', '--json'], false],
  [['run', '--', '--json'], false],
  [['list'], false],
])('%j wants its errors as JSON: %s', (args, wants) => {
  expect(wantsJson(args)).toBe(wants);
});

test.each(Object.keys(COMMANDS))('no example of %s abbreviates an id', (name) => {
  expect(helpText(name)).not.toMatch(/[0-9a-f]{4,}\.\.\./);
});

test('a quoted command may be followed by words that are no options of ours', () => {
  expect(readCommandLine(['run', 'grep -r x', 'src', '-n']).words).toEqual(['grep -r x', 'src', '-n']);
});

test.each(Object.keys(COMMANDS))('the help of %s shows its usage, every option and an example', (name) => {
  const text = helpText(name);
  expect(text).toContain(COMMANDS[name]!.usage);
  for (const option of Object.keys(COMMANDS[name]!.options)) expect(text).toContain(`--${option}`);
  expect(text).toContain(COMMANDS[name]!.examples[0]);
});

test('the overview sets every command apart from what it does', () => {
  const lines = helpText()!.split('\n');
  for (const [name, { summary }] of Object.entries(COMMANDS)) {
    expect(lines.filter((line) => line.startsWith(`  ${name} `) && line.endsWith(` ${summary}`))).toHaveLength(1);
  }
});

test('every command of the table can be loaded', async () => {
  for (const { load } of Object.values(COMMANDS)) expect(await load()).toBeInstanceOf(Function);
});

test('the overview keeps every command apart from what it does', () => {
  const lines = helpText()?.split('\n') ?? [];
  for (const [name, { summary }] of Object.entries(COMMANDS)) {
    expect(lines.some((line) => line.startsWith(`  ${name}  `) && line.endsWith(summary))).toBe(true);
  }
});

test.each([
  [['users', 'list', '--role', 'viewer'], '--role goes with "runvoy users create", not with "list".'],
  [['keys', 'rotate', 'k', '--expires', '1h'], '--expires goes with "runvoy keys create", not with "rotate".'],
  [['playbook', 'show', 'deploy', '--timeout', '1h'], '--timeout goes with "runvoy playbook run", not with "show".'],
  [['audit', 'verify', '--by', 'ann@example.com'], '--by goes with "runvoy audit", not with "verify".'],
  [['local', 'reset', '--port', '80'], '--port goes with "runvoy local", not with "reset".'],
])('an option that %j would pass over is refused', (args, problem) => {
  expect(() => readCommandLine(args)).toThrow(problem);
});

test('an option goes with each of its verbs, and with every verb where it names none', () => {
  for (const verb of ['run', 'show', 'list']) {
    expect(readCommandLine(['playbook', verb, 'deploy', '--server']).options.flag('server')).toBe(true);
  }
  expect(readCommandLine(['audit', '--by', 'ann@example.com']).options.text('by')).toBe('ann@example.com');
  // That there is no such verb the command itself says.
  expect(readCommandLine(['users', 'make', '--role', 'viewer']).words).toEqual(['make']);
});
