import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { ChangePlaybookRequest } from '@runvoy/protocol';
import { Problem } from './problem.ts';
import { playbookOf } from './playbook-file.ts';

/** A playbook file on this machine; with `problem` one that cannot be run. */
export interface LocalPlaybook {
  readonly name: string;
  readonly path: string;
  readonly definition?: ChangePlaybookRequest;
  readonly problem?: string;
}

/** Where playbooks lie and how a path is shown: `.runvoy` here, else the one in HOME, as runvoy looks for them. */
async function playbookFolder(env: NodeJS.ProcessEnv, here: string): Promise<string | undefined> {
  const places = [join(here, '.runvoy'), ...(env['HOME'] ? [join(env['HOME'], '.runvoy')] : [])];
  for (const place of places) {
    if (await isFolder(place)) return place;
  }
  return undefined;
}

/** Every playbook file, by name. What cannot be read is there with its problem and hides no other. */
export async function listLocalPlaybooks(env: NodeJS.ProcessEnv, here = '.'): Promise<readonly LocalPlaybook[]> {
  const folder = await playbookFolder(env, here);
  if (folder === undefined) return [];
  const files = (await readdir(folder)).filter(isPlaybookFile).toSorted();
  return Promise.all(files.map((file) => readLocal(join(folder, file))));
}

/** The file of this name, read; undefined when there is none. One that cannot be read is a problem that names it. */
export async function findLocalPlaybook(
  name: string,
  env: NodeJS.ProcessEnv,
  here = '.',
): Promise<LocalPlaybook | undefined> {
  const folder = await playbookFolder(env, here);
  if (folder === undefined) return undefined;
  const file = (await readdir(folder)).filter(isPlaybookFile).find((each) => nameOf(each) === name);
  if (file === undefined) return undefined;
  const found = await readLocal(join(folder, file));
  if (found.problem !== undefined) throw new Problem(found.problem);
  return found;
}

/** A file that somebody names. Fails with a problem that names it. */
export async function readPlaybookFile(path: string): Promise<ChangePlaybookRequest> {
  const { definition, problem } = await readLocal(path);
  if (definition) return definition;
  throw new Problem(problem ?? `${path}: cannot be read.`);
}

async function readLocal(path: string): Promise<LocalPlaybook> {
  const name = nameOf(path);
  try {
    return { name, path, definition: await playbookOf(path, await readFile(path, 'utf8')) };
  } catch (error) {
    if (error instanceof Problem) return { name, path, problem: error.message };
    return { name, path, problem: `${path}: cannot be read: ${(error as Error).message}.` };
  }
}

/** The file of servers and keys lies in the same folder. */
function isPlaybookFile(file: string): boolean {
  return /\.ya?ml$/.test(file) && !/^config\.ya?ml$/.test(file);
}

function nameOf(path: string): string {
  return basename(path, extname(path));
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
