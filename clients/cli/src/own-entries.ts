import { readdir } from 'node:fs/promises';

/**
 * Everything a server creates in its data directory. The names are fixed: whatever else lies there is somebody's, and nothing of it
 * may be touched.
 */
const OWN_ENTRIES: readonly RegExp[] = [
  // The databases, with what SQLite keeps beside them.
  /^(?:runvoy|events)\.sqlite(?:-wal|-shm|-journal)?$/,
  // A file is written aside under another name first; a crash in between leaves it.
  /^(?:vault-keys|signing-keys|isolation|client|server)\.json(?:\.\d+\.new|\.[0-9a-f-]{36})?$/,
  /^server\.log(?:\.1)?$/,
  /^intake\.sock$/,
  /^\.writable$/,
  /^(?:archive|runs|supervisors|compile-cache)$/,
];

/** The name of the database: no data directory is without one from its first second. */
export const DATABASE = 'runvoy.sqlite';

/** The names in a data directory: runvoy's, and those that are not. The database comes last. */
export async function sortEntries(
  dataDir: string,
): Promise<{ readonly own: readonly string[]; readonly foreign: readonly string[] }> {
  const names = (await readdir(dataDir)).toSorted();
  const own = names.filter((name) => OWN_ENTRIES.some((entry) => entry.test(name)));
  const foreign = names.filter((name) => !own.includes(name));
  // What is cut short can be done again only while the directory can still be told from others.
  return { own: own.toSorted((a, b) => Number(a === DATABASE) - Number(b === DATABASE)), foreign };
}
