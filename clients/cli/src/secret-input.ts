import { Asker } from './ask.ts';
import { usageProblem } from './problem.ts';
import type { Terminal } from './terminal.ts';

/** A value that should stand in no shell history: asked for hidden on a terminal, otherwise all of stdin but its last line feed. */
export async function readSecretValue(terminal: Terminal): Promise<string> {
  const value = terminal.stdin.isTTY ? await askHidden(terminal) : await wholeInput(terminal);
  if (value === '') throw usageProblem('A value is needed: as the last word, or on stdin.');
  return value;
}

async function askHidden(terminal: Terminal): Promise<string> {
  const asker = new Asker(terminal);
  try {
    return await asker.ask('Value: ', { isHidden: true });
  } finally {
    asker.close();
  }
}

async function wholeInput({ stdin }: Terminal): Promise<string> {
  const { text } = await import('node:stream/consumers');
  return (await text(stdin)).replace(/\r?\n$/, '');
}
