import { firestoreTable } from './firestore-table.ts';
import { permissionsPage } from './permissions-page.ts';
import { roleTable } from './role-table.ts';

/** The root of the repository, which the names below start from. */
export const ROOT = new URL('../../', import.meta.url);

/** Each file that follows from the code, as `tools/write-terraform.ts` writes it and a test compares it. */
export function generatedFiles(): Readonly<Record<string, string>> {
  const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;
  return {
    'infra/terraform/generated/roles.json': json(roleTable()),
    'infra/terraform/generated/firestore.json': json(firestoreTable()),
    'docs/google-permissions.md': permissionsPage(),
  };
}
