import { createHash } from 'node:crypto';

/** The number of a project: made from its id here, so that everything that Google names by number has one that stays. */
export function projectNumber(project: string): string {
  if (/^\d+$/.test(project)) return project;
  return String(100_000_000_000 + (createHash('sha256').update(project).digest().readUIntBE(0, 4) % 900_000_000_000));
}
