import { expect, test } from '@jest/globals';
import { ROLES } from '@runvoy/protocol';
import { may, PERMISSIONS, requirePermission, type Permission } from '../../src/access/permissions.ts';
import { documentedTable, printedTable } from '../markdown-table.ts';
import { callerOf } from '../run-world.ts';

const NAMES = Object.keys(PERMISSIONS) as Permission[];
const STRANGER = ['somebody.else@example.com'];

test('every role, permission and ownership is as documented', () => {
  const matrix = NAMES.map((permission) => {
    const byRole = ROLES.map((role) => may(callerOf(role), permission, STRANGER));
    // Owning grants something when it changes the answer for a role that has nothing.
    const byOwner = ROLES.every((role) => may(callerOf(role), permission, [callerOf(role).user.email]));
    const isOwners = byOwner && !byRole.every(Boolean);
    return [permission, ...[...byRole, isOwners].map((granted) => (granted ? 'yes' : 'no'))];
  });
  const documented = documentedTable('permissions.md', 'permission').map(([name, _, ...cells]) => [name!, ...cells]);
  expect(printedTable(matrix)).toBe(printedTable(documented));
});

test.each(NAMES)('%s is refused or granted to each role with and without owning', (permission) => {
  for (const role of ROLES) {
    const caller = callerOf(role);
    const owner = may(caller, permission, ['first@example.com', caller.user.email]);
    const stranger = may(caller, permission, STRANGER);
    expect(may(caller, permission)).toBe(stranger);
    if (stranger) expect(owner).toBe(true);
    const refused = stranger ? expect(() => requirePermission(caller, permission, STRANGER)).not : undefined;
    if (refused) refused.toThrow();
    else expect(() => requirePermission(caller, permission, STRANGER)).toThrow(`"${permission}" needs one of: `);
  }
});

test('a refusal names the permission, who has it, and the role that has not', () => {
  expect(() => requirePermission(callerOf('viewer'), 'execution.stop', STRANGER)).toThrow(
    '"execution.stop" needs one of: admin, operator, owner. Your role is viewer.',
  );
});
