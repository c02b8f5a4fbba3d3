import type { CreateUserAnswer, Role, UserBody } from '@runvoy/protocol';
import type { RunvoyClient } from '@runvoy/sdk/client';
import type { Invocation } from '../invocation.ts';
import { printListing, type Shown } from '../listing.ts';
import { oneLine } from '../one-line.ts';
import { usageProblem } from '../problem.ts';
import { runVerb, type Verb } from '../verbs.ts';

const VERBS: Readonly<Record<string, Verb>> = {
  create: { words: [1, 1], usage: 'create <email | service:name> --role ROLE', ask: create },
  list: { words: [0, 0], usage: 'list', ask: (api) => api.users() },
  role: {
    words: [2, 2],
    usage: 'role <email> <role>',
    ask: (api, [email = '', role = '']) => api.changeRole(email, role),
  },
  revoke: { words: [1, 1], usage: 'revoke <email>', ask: (api, [email = '']) => api.revokeUser(email) },
};

const COLUMNS: readonly Shown<UserBody>[] = [
  { title: 'Email', cell: ({ email }) => email },
  { title: 'Role', cell: ({ role }) => role },
  { title: 'Status', cell: ({ revoked }) => (revoked ? 'revoked' : 'active') },
  { title: 'Created', cell: ({ created_at }, time) => time(created_at) },
  { title: 'Last used', cell: ({ last_used }, time) => time(last_used) },
];

/** `runvoy users`: who may use this server. */
export function users(invocation: Invocation): Promise<number> {
  return runVerb('users', VERBS, invocation, print);
}

async function create(api: RunvoyClient, [email = '']: readonly string[], { options }: Invocation) {
  const role = options.text('role');
  if (role === undefined) throw usageProblem('--role is needed: admin, operator, developer or viewer.');
  return api.createUser({ email, role: role as Role });
}

function print(answer: unknown, verb: string, invocation: Invocation): void {
  const { stdout, stderr } = invocation.terminal;
  const {
    users: listed,
    user,
    claim_token,
    email,
  } = answer as Partial<CreateUserAnswer> & {
    readonly users?: readonly UserBody[];
    readonly email?: string;
  };
  if (listed) return printListing(invocation, listed, COLUMNS, 'no users');
  if (claim_token !== undefined && user) {
    stderr.write(`created ${oneLine(user.email)}, ${user.role}. For 15 minutes, once: runvoy claim <token>\n`);
    return void stdout.write(`${claim_token}\n`);
  }
  stderr.write(user ? `${oneLine(user.email)} is ${user.role} now\n` : `${verb}d ${oneLine(email ?? '')}\n`);
}
