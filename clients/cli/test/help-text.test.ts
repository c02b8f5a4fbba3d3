import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { readCommandLine } from '../src/command-line.ts';
import { COMMANDS } from '../src/command-table.ts';
import { helpText } from '../src/help-text.ts';

const examples = Object.entries(COMMANDS).flatMap(([name, command]) =>
  command.examples.map((example) => [name, example] as const),
);

test.each(Object.entries(COMMANDS))('the help of %s has an example', (name, { examples: own }) => {
  expect(own.length).toBeGreaterThan(0);
  expect(own[0]).toMatch(new RegExp(`^runvoy ${name}\\b`));
  expect(helpText(name)).toContain(`Examples:\n  ${own[0]}`);
});

/** The words that a shell makes of an example; `<placeholders>` become words, and nothing is read or written. */
function wordsOf(example: string): string[] {
  const plain = example.replaceAll(/<([a-z-]+)>/g, '$1').replaceAll(/[<>] ?\S+$/g, '');
  const script = `runvoy() { printf '%s\\0' "$@"; }; ${plain}`;
  return execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

test.each(examples)('the example of %s is a command line that is understood: %s', (_, example) => {
  expect(readCommandLine(wordsOf(example)).command).toBeDefined();
});
