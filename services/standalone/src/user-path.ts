import { delimiter, sep } from 'node:path';

/**
 * The search path of whoever started the server, without what npm and the launcher put in front of it: a command should find
 * the user's own Node, not the one this server runs on.
 */
export function userPath(path: string): string {
  const isOurs = (directory: string) => directory.split(sep).includes('node_modules');
  return path
    .split(delimiter)
    .filter((directory) => directory !== '' && !isOurs(directory))
    .join(delimiter);
}
