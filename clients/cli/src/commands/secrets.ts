import type { SecretBody } from '@runvoy/protocol';
import { RunvoyApi } from '../api.ts';
import { openConnection } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { oneLine } from '../one-line.ts';
import { usageProblem } from '../problem.ts';
import { readSecretValue } from '../secret-input.ts';
import { startedText } from '../started-text.ts';
import { tableLines } from '../table.ts';

interface Verb {
  readonly words: readonly [least: number, most: number];
  readonly usage: string;
  readonly run: (api: RunvoyApi, words: readonly string[], invocation: Invocation) => Promise<unknown>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  create: { words: [2, 3], usage: 'create <name> <variable> [value]', run: create },
  list: { words: [0, 0], usage: 'list', run: (api) => api.secrets() },
  get: { words: [1, 1], usage: 'get <name>', run: (api, [name = '']) => api.secret(name) },
  update: {
    words: [1, 1],
    usage: 'update <name> [--variable V] [--value V | --new-value] [--description D]',
    run: update,
  },
  delete: { words: [1, 1], usage: 'delete <name>', run: (api, [name = '']) => api.removeSecret(name) },
  grant: {
    words: [2, 2],
    usage: 'grant <name> <email>',
    run: (api, [name = '', to = '']) => api.grantSecret(name, to),
  },
  ungrant: {
    words: [2, 2],
    usage: 'ungrant <name> <email>',
    run: (api, [name = '', from = '']) => api.ungrantSecret(name, from),
  },
};

/** `runvoy secrets`: values that runs are given by name. */
export async function secrets(invocation: Invocation): Promise<number> {
  const { options, words, terminal } = invocation;
  const [name = '', ...rest] = words;
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (!verb) throw usageProblem(`There is no "secrets ${name}"; there are: ${Object.keys(VERBS).join(', ')}.`);
  const [least, most] = verb.words;
  if (rest.length < least || rest.length > most) throw usageProblem(`Usage: runvoy secrets ${verb.usage}`);
  const api = new RunvoyApi(await openConnection(invocation));
  const answer = await verb.run(api, rest, invocation);
  if (options.flag('json')) terminal.stdout.write(`${JSON.stringify(answer)}\n`);
  else print(answer, invocation);
  return EXIT.ok;
}

async function create(api: RunvoyApi, [name = '', key_name = '', value]: readonly string[], invocation: Invocation) {
  const description = invocation.options.text('description');
  return api.createSecret({
    name,
    key_name,
    value: value ?? (await readSecretValue(invocation.terminal)),
    ...(description === undefined ? {} : { description }),
  });
}

async function update(api: RunvoyApi, [name = '']: readonly string[], { options, terminal }: Invocation) {
  const key_name = options.text('variable') ?? options.text('key-name');
  const value = options.flag('new-value') ? await readSecretValue(terminal) : options.text('value');
  const description = options.text('description');
  if (key_name === undefined && value === undefined && description === undefined) {
    throw usageProblem('Nothing to change: give --variable, --value, --new-value or --description.');
  }
  return api.updateSecret(name, {
    ...(key_name === undefined ? {} : { key_name }),
    ...(value === undefined ? {} : { value }),
    ...(description === undefined ? {} : { description }),
  });
}

function print(answer: unknown, { terminal }: Invocation): void {
  const { stdout, stderr } = terminal;
  const {
    secrets: listed,
    secret,
    message,
  } = answer as {
    readonly secrets?: readonly SecretBody[];
    readonly secret?: SecretBody;
    readonly message?: string;
  };
  if (listed?.length === 0) stderr.write('no secrets\n');
  else if (listed) stdout.write(`${secretTable(listed, stdout.isTTY ? stdout.columns || 80 : undefined).join('\n')}\n`);
  // The value alone on stdout: what reads it is mostly a script.
  else if (secret) stdout.write(`${secret.value ?? ''}\n`);
  else stderr.write(`${oneLine(message ?? 'done')}\n`);
}

function secretTable(listed: readonly SecretBody[], columns: number | undefined): readonly string[] {
  const titles = [
    { title: 'Name' },
    { title: 'Variable' },
    { title: 'Description', cuts: { turn: 1, least: 8 } },
    { title: 'Owner', cuts: { turn: 2, least: 8 } },
    { title: 'Updated' },
  ];
  const nowMs = columns === undefined ? undefined : Date.now();
  const rows = listed.map(({ name, key_name, description = '', owned_by, updated_at }) =>
    [name, key_name, description, owned_by.join(', '), startedText(updated_at, nowMs)].map(oneLine),
  );
  return tableLines(titles, rows, columns);
}
