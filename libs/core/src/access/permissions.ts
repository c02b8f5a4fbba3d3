import type { Role } from '@runvoy/protocol';
import { Failure } from '../failure.ts';
import type { Caller } from './authenticate.ts';

/** Who may do what. `owner` is whoever a thing is owned by, whatever the role. */
type Holder = Role | 'owner';

const EVERYONE: readonly Holder[] = ['admin', 'operator', 'developer', 'viewer'];
const RUNNERS: readonly Holder[] = ['admin', 'operator', 'developer'];
const OPERATORS: readonly Holder[] = ['admin', 'operator'];

/**
 * The whole of it, in one place. runvoy's effective permissions are the floor; its rule that owners read, follow and stop their own
 * runs never worked there (ownership was stored in another form than it was asked for) and works here.
 */
export const PERMISSIONS = {
  'run.create': RUNNERS,
  'executions.list': EVERYONE,
  'execution.read': [...OPERATORS, 'owner'],
  'execution.stop': [...OPERATORS, 'owner'],
  'images.read': OPERATORS,
  'images.register': OPERATORS,
  'images.remove': OPERATORS,
  'secrets.create': RUNNERS,
  'secrets.list': RUNNERS,
  'secret.read': [...OPERATORS, 'owner'],
  'secret.use': [...OPERATORS, 'owner'],
  'secret.change': [...OPERATORS, 'owner'],
  'playbook.read': EVERYONE,
  'playbook.create': RUNNERS,
  'playbook.change': [...OPERATORS, 'owner'],
  'playbook.delete': [...OPERATORS, 'owner'],
  'playbook.run': RUNNERS,
  'users.read': OPERATORS,
  'users.create': ['admin'],
  'users.revoke': ['admin'],
  'users.change': ['admin'],
  'audit.read': ['admin'],
  'trace.read': ['admin'],
  'keys.manage': ['admin', 'owner'],
  'sign-in.create': EVERYONE,
  'dead-letters.read': OPERATORS,
  'dead-letters.change': OPERATORS,
  'backup.create': ['admin'],
  'sealing-key.manage': ['admin'],
  'import.create': ['admin'],
  'health.read': OPERATORS,
  'health.reconcile': OPERATORS,
  'metrics.read': OPERATORS,
} as const satisfies Record<string, readonly Holder[]>;

export type Permission = keyof typeof PERMISSIONS;

/** True for the name of a permission. */
export function isPermission(name: string): name is Permission {
  return Object.hasOwn(PERMISSIONS, name);
}

/** The roles that have it, and `owner` when owning the thing grants it. */
export function holdersOf(permission: Permission): readonly string[] {
  return PERMISSIONS[permission];
}

/** True when the caller's role, or owning the thing, grants the permission. */
export function may(caller: Caller, permission: Permission, ownedBy: readonly string[] = []): boolean {
  const holders: readonly Holder[] = PERMISSIONS[permission];
  return holders.includes(caller.user.role) || (holders.includes('owner') && ownedBy.includes(caller.user.email));
}

/** Fails with `FORBIDDEN`, naming the permission, the role and who has it. */
export function requirePermission(caller: Caller, permission: Permission, ownedBy: readonly string[] = []): void {
  if (may(caller, permission, ownedBy)) return;
  const holders = PERMISSIONS[permission].join(', ');
  throw new Failure('FORBIDDEN', `"${permission}" needs one of: ${holders}. Your role is ${caller.user.role}.`);
}
