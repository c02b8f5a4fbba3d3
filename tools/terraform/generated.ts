import { firestoreTable } from './firestore-table.ts';
import { roleTable } from './role-table.ts';

/** Where Terraform reads what follows from the code. */
export const GENERATED = new URL('../../infra/terraform/generated/', import.meta.url);

/** Each generated file by its name, as `tools/write-terraform.ts` writes it and a test compares it. */
export function generatedFiles(): Readonly<Record<string, string>> {
  const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;
  return { 'roles.json': json(roleTable()), 'firestore.json': json(firestoreTable()) };
}
