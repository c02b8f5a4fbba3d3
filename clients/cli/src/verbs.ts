import type { RunvoyClient } from '@runvoy/sdk/client';
import { openApi } from './open-api.ts';
import { openConnection } from './connection.ts';
import { EXIT } from './exit-code.ts';
import type { Invocation } from './invocation.ts';
import { usageProblem } from './problem.ts';

/** One thing that a command with verbs can do. */
export interface Verb {
  /** How many words it takes. */
  readonly words: readonly [least: number, most: number];
  readonly usage: string;
  /** Asks the server. What it answers is printed: as it is with `--json`, otherwise by `print`. */
  readonly ask: (api: RunvoyClient, words: readonly string[], invocation: Invocation) => Promise<unknown>;
}

/** Carries out `runvoy <command> <verb> ...`. Throws a usage problem that lists the verbs, or shows how this one is used. */
export async function runVerb(
  command: string,
  verbs: Readonly<Record<string, Verb>>,
  invocation: Invocation,
  print: (answer: unknown, verb: string, invocation: Invocation) => void,
): Promise<number> {
  const { options, words, terminal } = invocation;
  const [name = '', ...rest] = words;
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (!verb) throw usageProblem(`There is no "${command} ${name}"; there are: ${Object.keys(verbs).join(', ')}.`);
  const [least, most] = verb.words;
  if (rest.length < least || rest.length > most) throw usageProblem(`Usage: runvoy ${command} ${verb.usage}`);
  const api = openApi(await openConnection(invocation));
  const answer = await verb.ask(api, rest, invocation);
  if (options.flag('json')) terminal.stdout.write(`${JSON.stringify(answer)}\n`);
  else print(answer, name, invocation);
  return EXIT.ok;
}
