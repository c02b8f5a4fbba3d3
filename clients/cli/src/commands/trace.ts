import type { TraceAnswer, TraceResources } from '@runvoy/protocol';
import { openConnection } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { printListing, type Shown } from '../listing.ts';
import { oneLine } from '../one-line.ts';
import { openApi } from '../open-api.ts';

type Resource = readonly [kind: string, name: string, state: string];

const COLUMNS: readonly Shown<Resource>[] = [
  { title: 'Kind', cell: ([kind]) => kind },
  { title: 'Name', cell: ([, name]) => name },
  { title: 'State', cell: ([, , state]) => state },
];

/** `runvoy trace`: everything that carries the id of a request. */
export async function trace(invocation: Invocation): Promise<number> {
  const { options, words, terminal } = invocation;
  const api = openApi(await openConnection(invocation));
  const found = await api.trace(words[0] ?? '');
  if (options.flag('json')) terminal.stdout.write(`${JSON.stringify(found)}\n`);
  else print(found, invocation);
  return EXIT.ok;
}

function print({ logs, related_resources }: TraceAnswer, invocation: Invocation): void {
  const { stdout, stderr } = invocation.terminal;
  if (logs === null) return void stderr.write('nothing carries this id\n');
  for (const { timestamp, message } of logs)
    stdout.write(`${new Date(timestamp).toISOString()}  ${oneLine(message)}\n`);
  const resources = resourcesOf(related_resources);
  if (resources.length === 0) return;
  stdout.write('\n');
  printListing(invocation, resources, COLUMNS, '');
}

function resourcesOf(found: TraceResources): readonly Resource[] {
  const { executions = [], secrets = [], users = [], images = [], playbooks = [] } = found;
  return [
    ...executions.map(({ execution_id, status }): Resource => ['run', execution_id, status]),
    ...secrets.map(({ name, key_name }): Resource => ['secret', name, key_name]),
    ...images.map(({ image_id, image }): Resource => ['image', image_id, image]),
    ...playbooks.map(({ name, version }): Resource => ['playbook', name, `version ${version}`]),
    ...users.map(({ email, role, revoked }): Resource => ['user', email, revoked ? 'revoked' : role]),
  ];
}
