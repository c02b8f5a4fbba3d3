import type { ChangePlaybookRequest, PlaybookBody, PlaybookSummary, PlaybookVersionBody } from '@runvoy/protocol';
import { findConnection, openConnection } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { printListing, type Shown } from '../listing.ts';
import { findLocalPlaybook, listLocalPlaybooks, readPlaybookFile, type LocalPlaybook } from '../local-playbooks.ts';
import { oneLine } from '../one-line.ts';
import { openApi } from '../open-api.ts';
import { localRun, readVersion, serverRun } from '../playbook-run.ts';
import { usageProblem } from '../problem.ts';
import { submitAndFollow } from '../submit-and-follow.ts';

type Verb = (name: string, invocation: Invocation) => Promise<number>;

const VERBS: Readonly<Record<string, Verb>> = { show, versions, create, update, delete: remove, run };
const PAGE = 100;

interface Listed {
  readonly name: string;
  readonly where: string;
  readonly version: string;
  readonly text: string;
}

const COLUMNS: readonly Shown<Listed>[] = [
  { title: 'Name', cell: ({ name }) => name },
  { title: 'Where', cuts: { turn: 2, least: 8 }, cell: ({ where }) => where },
  { title: 'Version', cell: ({ version }) => version },
  { title: 'Description', cuts: { turn: 1, least: 8 }, cell: ({ text }) => text },
];

const VERSION_COLUMNS: readonly Shown<PlaybookVersionBody>[] = [
  { title: 'Version', cell: ({ version }) => String(version) },
  { title: 'Made', cell: ({ created_at }, time) => time(created_at) },
  { title: 'By', cell: ({ created_by }) => created_by },
  { title: 'Description', cuts: { turn: 1, least: 8 }, cell: ({ description = '' }) => description },
];

/** `runvoy playbook`: what is run again and again, from files here and from the server. */
export async function playbook(invocation: Invocation): Promise<number> {
  const [verb = '', name, ...more] = invocation.words;
  if (verb === 'list' && name === undefined) return list(invocation);
  const act = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!act) {
    throw usageProblem(`There is no "playbook ${verb}"; there are: list, ${Object.keys(VERBS).join(', ')}.`);
  }
  if (name === undefined || more.length > 0) throw usageProblem(`Usage: runvoy playbook ${verb} [options] <name>`);
  return act(name, invocation);
}

async function list(invocation: Invocation): Promise<number> {
  const { options, terminal, env } = invocation;
  const local = options.flag('server') ? [] : await listLocalPlaybooks(env);
  // Who has only files here needs no server.
  const connection = await findConnection(invocation);
  const playbooks: PlaybookSummary[] = [];
  if (connection) {
    const api = openApi(connection);
    let after: string | undefined;
    do {
      const page = await api.playbooks({ limit: PAGE, after });
      playbooks.push(...page.playbooks);
      after = page.next;
    } while (after !== undefined);
  } else if (local.length === 0) await openConnection(invocation);
  if (options.flag('json')) terminal.stdout.write(`${JSON.stringify({ local, playbooks })}\n`);
  else printListing(invocation, [...local.map(localRow), ...playbooks.map(serverRow)], COLUMNS, 'no playbooks');
  return EXIT.ok;
}

function localRow({ name, path, definition, problem }: LocalPlaybook): Listed {
  return { name, where: path, version: '', text: definition?.description ?? problem ?? '' };
}

function serverRow({ name, version, description = '' }: PlaybookSummary): Listed {
  return { name, where: 'server', version: String(version), text: description };
}

async function show(name: string, invocation: Invocation): Promise<number> {
  const local = await localOf(name, invocation);
  if (local) {
    tell(invocation, `playbook ${name} from ${local.path}`);
    return printDefinition(local.definition!, invocation, local);
  }
  const api = openApi(await openConnection(invocation));
  const { playbook: found } = await api.playbook(name, readVersion(invocation));
  tell(invocation, `playbook ${name}, version ${found.version}, of ${api.endpoint}`);
  return printDefinition(found.definition, invocation, found);
}

async function versions(name: string, invocation: Invocation): Promise<number> {
  const { options, terminal } = invocation;
  const api = openApi(await openConnection(invocation));
  const page = await api.playbookVersions(name, { limit: PAGE });
  if (options.flag('json')) terminal.stdout.write(`${JSON.stringify(page)}\n`);
  else printListing(invocation, page.versions, VERSION_COLUMNS, 'no versions');
  return EXIT.ok;
}

async function create(name: string, invocation: Invocation): Promise<number> {
  const definition = await definitionFor(name, invocation);
  const api = openApi(await openConnection(invocation));
  return printKept((await api.createPlaybook({ name, ...definition })).playbook, invocation);
}

async function update(name: string, invocation: Invocation): Promise<number> {
  const definition = await definitionFor(name, invocation);
  const api = openApi(await openConnection(invocation));
  const before = (await api.playbook(name)).playbook.version;
  const { playbook: kept } = await api.changePlaybook(name, definition);
  return printKept(kept, invocation, kept.version === before ? ', unchanged: it says the same' : '');
}

async function remove(name: string, invocation: Invocation): Promise<number> {
  const { options, terminal } = invocation;
  const api = openApi(await openConnection(invocation));
  const removed = await api.removePlaybook(name);
  if (options.flag('json')) terminal.stdout.write(`${JSON.stringify(removed)}\n`);
  else terminal.stderr.write(`${oneLine(removed.message)}\n`);
  return EXIT.ok;
}

async function run(name: string, invocation: Invocation): Promise<number> {
  const local = await localOf(name, invocation);
  if (local) {
    const request = localRun(local, invocation);
    const api = openApi(await openConnection(invocation));
    tell(invocation, `playbook ${name} from ${local.path}`);
    return submitAndFollow(invocation, {
      api,
      grace: request.grace,
      submit: (key, call) => api.run(request, key, call),
    });
  }
  const request = serverRun(invocation);
  const api = openApi(await openConnection(invocation));
  return submitAndFollow(invocation, {
    api,
    grace: request.grace,
    submit: async (key, call) => {
      const answer = await api.runPlaybook(name, request, key, call);
      tell(invocation, `playbook ${name}, version ${answer.playbook?.version}, of ${api.endpoint}`);
      return answer;
    },
  });
}

/** A name found here is meant first; `--server` and `--version` mean the server's. */
async function localOf(name: string, { options, env }: Invocation): Promise<LocalPlaybook | undefined> {
  if (options.flag('server') || options.text('version') !== undefined) return undefined;
  return findLocalPlaybook(name, env);
}

/** `--file`, else the local file of that name. */
async function definitionFor(name: string, { options, env }: Invocation): Promise<ChangePlaybookRequest> {
  const path = options.text('file');
  if (path !== undefined) return readPlaybookFile(path);
  const local = await findLocalPlaybook(name, env);
  if (local?.definition) return local.definition;
  throw usageProblem(`There is no .runvoy/${name}.yml here; name the file with --file.`);
}

function tell({ terminal }: Invocation, text: string): void {
  terminal.stderr.write(`runvoy: ${oneLine(text)}\n`);
}

async function printDefinition(definition: object, { options, terminal }: Invocation, whole: object): Promise<number> {
  const { stringify } = await import('yaml');
  const { TerminalFilter } = await import('../terminal-filter.ts');
  const text = () => new TerminalFilter({ wantsColour: false }).pass(stringify(definition, { lineWidth: 0 }));
  terminal.stdout.write(options.flag('json') ? `${JSON.stringify(whole)}\n` : text());
  return EXIT.ok;
}

function printKept(kept: PlaybookBody, { options, terminal }: Invocation, more = ''): number {
  if (options.flag('json')) terminal.stdout.write(`${JSON.stringify({ playbook: kept })}\n`);
  else terminal.stderr.write(`playbook ${kept.name} is at version ${kept.version}${more}\n`);
  return EXIT.ok;
}
