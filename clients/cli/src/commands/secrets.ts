import type { ResealAnswer, SealedByBody, SealingKeyAnswer, SecretBody } from '@runvoy/protocol';
import { counted, grouped } from '@runvoy/sdk/texts';
import type { RunvoyClient } from '@runvoy/sdk/client';
import type { Invocation } from '../invocation.ts';
import { printListing, type Shown } from '../listing.ts';
import { oneLine } from '../one-line.ts';
import { usageProblem } from '../problem.ts';
import { readSecretValue } from '../secret-input.ts';
import { runVerb, type Verb } from '../verbs.ts';

const VERBS: Readonly<Record<string, Verb>> = {
  create: { words: [2, 3], usage: 'create <name> <variable> [value]', ask: create },
  list: { words: [0, 0], usage: 'list', ask: (api) => api.secrets() },
  get: { words: [1, 1], usage: 'get <name>', ask: (api, [name = '']) => api.secret(name) },
  update: {
    words: [1, 1],
    usage: 'update <name> [--variable V] [--value V | --new-value] [--description D]',
    ask: update,
  },
  delete: { words: [1, 1], usage: 'delete <name>', ask: (api, [name = '']) => api.removeSecret(name) },
  grant: {
    words: [2, 2],
    usage: 'grant <name> <email>',
    ask: (api, [name = '', to = '']) => api.grantSecret(name, to),
  },
  ungrant: {
    words: [2, 2],
    usage: 'ungrant <name> <email>',
    ask: (api, [name = '', from = '']) => api.ungrantSecret(name, from),
  },
  key: { words: [0, 0], usage: 'key', ask: (api) => api.sealingKey() },
  'rotate-key': { words: [0, 0], usage: 'rotate-key', ask: (api) => api.rotateSealingKey() },
  reseal: { words: [0, 0], usage: 'reseal', ask: (api) => api.reseal() },
};

const KEY_COLUMNS: readonly Shown<SealedByBody>[] = [
  { title: 'Key', cell: ({ key_id }) => key_id },
  { title: 'Secrets', cell: ({ secrets: count }) => grouped(count) },
  { title: 'Unfinished runs', cell: ({ run_inputs }) => grouped(run_inputs) },
];

const COLUMNS: readonly Shown<SecretBody>[] = [
  { title: 'Name', cell: ({ name }) => name },
  { title: 'Variable', cell: ({ key_name }) => key_name },
  { title: 'Description', cuts: { turn: 1, least: 8 }, cell: ({ description = '' }) => description },
  { title: 'Owner', cuts: { turn: 2, least: 8 }, cell: ({ owned_by }) => owned_by.join(', ') },
  { title: 'Updated', cell: ({ updated_at }, time) => time(updated_at) },
];

/** `runvoy secrets`: values that runs are given by name. */
export function secrets(invocation: Invocation): Promise<number> {
  return runVerb('secrets', VERBS, invocation, print);
}

async function create(api: RunvoyClient, [name = '', key_name = '', value]: readonly string[], invocation: Invocation) {
  const description = invocation.options.text('description');
  return api.createSecret({
    name,
    key_name,
    value: value ?? (await readSecretValue(invocation.terminal)),
    ...(description === undefined ? {} : { description }),
  });
}

/** Two ways to say one thing. */
const SAME = [
  ['variable', 'key-name'],
  ['value', 'new-value'],
] as const;

async function update(api: RunvoyClient, [name = '']: readonly string[], { options, terminal }: Invocation) {
  const isGiven = (option: string) => options.flag(option) || options.text(option) !== undefined;
  const both = SAME.find((names) => names.every(isGiven));
  if (both) throw usageProblem(`--${both[0]} and --${both[1]} exclude each other.`);
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

function print(answer: unknown, verb: string, invocation: Invocation): void {
  const {
    secrets: listed,
    secret,
    message,
    sealed,
    resealed,
  } = answer as Partial<SealingKeyAnswer & ResealAnswer> & {
    readonly secrets?: readonly SecretBody[];
    readonly secret?: SecretBody;
    readonly message?: string;
  };
  const { stdout, stderr } = invocation.terminal;
  if (listed) printListing(invocation, listed, COLUMNS, 'no secrets');
  else if (sealed) printListing(invocation, sealed, KEY_COLUMNS, 'nothing is sealed');
  else if (resealed !== undefined) stderr.write(`${resealedText(answer as ResealAnswer)}\n`);
  // The value alone on stdout: what reads it is mostly a script.
  else if (secret) stdout.write(`${secret.value ?? ''}\n`);
  else stderr.write(`${oneLine(message ?? `${verb}: done`)}\n`);
}

function resealedText({ key_id, resealed, remaining, closed }: ResealAnswer): string {
  const left =
    remaining === 0 ? '' : `, ${grouped(remaining)} left for "runvoy secrets reseal" or the hourly reconcile`;
  const shut =
    closed.length === 0 ? '' : `; ${counted(closed.length, 'value')} did not open: ${oneLine(closed.join(' '))}`;
  return `key ${oneLine(key_id)} seals now; ${counted(resealed, 'value')} sealed anew${left}${shut}`;
}
