import type { KeyAnswer, KeyBody, Role } from '@runvoy/protocol';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { readCount } from '../read-count.ts';
import { readDurationS } from '../read-duration.ts';
import type { Invocation } from '../invocation.ts';
import { printListing, type Shown } from '../listing.ts';
import { oneLine } from '../one-line.ts';
import { runVerb, type Verb } from '../verbs.ts';

const VERBS: Readonly<Record<string, Verb>> = {
  create: {
    words: [1, 1],
    usage: 'create <name> [--expires TIME] [--role R] [--image I] [--secret S] [--max-running N] [--user EMAIL]',
    ask: create,
  },
  list: { words: [0, 0], usage: 'list [--user EMAIL]', ask: (api, _, { options }) => api.keys(options.text('user')) },
  rotate: { words: [1, 1], usage: 'rotate <key-id> [--overlap TIME]', ask: rotate },
  revoke: { words: [1, 1], usage: 'revoke <key-id>', ask: (api, [id = '']) => api.revokeKey(id) },
};

const COLUMNS: readonly Shown<KeyBody>[] = [
  { title: 'Key ID', cell: ({ key_id }) => key_id },
  { title: 'Name', cuts: { turn: 2, least: 8 }, cell: ({ name }) => name },
  { title: 'Status', cell: ({ revoked }) => (revoked ? 'revoked' : 'active') },
  { title: 'Held to', cuts: { turn: 1, least: 8 }, cell: scopeText },
  { title: 'Created', cell: ({ created_at }, time) => time(created_at) },
  { title: 'Expires', cell: ({ expires_at }, time) => time(expires_at) },
  { title: 'Last used', cell: ({ last_used }, time) => time(last_used) },
];

/** `runvoy keys`: what one signs in with. */
export function keys(invocation: Invocation): Promise<number> {
  return runVerb('keys', VERBS, invocation, print);
}

async function create(api: RunvoyClient, [name = '']: readonly string[], { options }: Invocation) {
  const [user, role, expires] = [options.text('user'), options.text('role'), options.text('expires')];
  const max_running = readCount(options.text('max-running'), '--max-running');
  const [images, secrets] = [options.texts('image'), options.texts('secret')];
  return api.createKey({
    name,
    ...(user === undefined ? {} : { user }),
    ...(role === undefined ? {} : { role: role as Role }),
    ...(expires === undefined ? {} : { expires_in: readDurationS(expires, '--expires') }),
    ...(images.length === 0 ? {} : { images }),
    ...(secrets.length === 0 ? {} : { secrets }),
    ...(max_running === undefined ? {} : { max_running }),
  });
}

async function rotate(api: RunvoyClient, [id = '']: readonly string[], { options }: Invocation) {
  const overlap = options.text('overlap');
  return api.rotateKey(id, overlap === undefined ? 0 : readDurationS(overlap, '--overlap'));
}

function print(answer: unknown, verb: string, invocation: Invocation): void {
  const { stdout, stderr } = invocation.terminal;
  const { keys: listed, key, api_key } = answer as Partial<KeyAnswer> & { readonly keys?: readonly KeyBody[] };
  if (listed) return printListing(invocation, listed, COLUMNS, 'no keys');
  if (api_key === undefined) return void stderr.write(`${verb}d ${oneLine(key?.key_id ?? '')}\n`);
  stderr.write(`key ${oneLine(key?.key_id ?? '')}; it is shown this once:\n`);
  stdout.write(`${api_key}\n`);
}

function scopeText({ role, images, secrets, max_running, counted_with }: KeyBody): string {
  const together = counted_with === undefined ? '' : ` with ${counted_with}`;
  return [
    role,
    images && `images ${images.join(' ')}`,
    secrets && `secrets ${secrets.join(' ')}`,
    max_running && `${max_running} at once${together}`,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}
