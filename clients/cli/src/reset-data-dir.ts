import { existsSync } from 'node:fs';
import { realpath, rm, rmdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, sep } from 'node:path';
import { Asker } from './ask.ts';
import { EXIT } from './exit-code.ts';
import type { Invocation } from './invocation.ts';
import { dataDirOf, findLocalServer, isAlive, readJson } from './local-server.ts';
import { oneLine } from './one-line.ts';
import { DATABASE, sortEntries } from './own-entries.ts';
import { Problem } from './problem.ts';

const NAMED = 10;

/**
 * `runvoy local reset`: deletes what is runvoy's in a data directory that is one, that no server uses, and only when told twice. The
 * directory goes when nothing else lies in it.
 */
export async function resetDataDir({ options, env, terminal }: Invocation): Promise<number> {
  const named = dataDirOf({ options, env });
  if (!existsSync(named)) {
    terminal.stderr.write(`there is nothing in ${named}\n`);
    return EXIT.ok;
  }
  const dataDir = await realpath(named);
  refuseStrangeDirectory(dataDir);
  await refuseLiveServer(dataDir);
  if (!options.flag('yes')) {
    const asker = new Asker(terminal);
    const answer = await asker.ask(
      `This deletes all runs, logs, users and keys in ${dataDir}. Type "reset" to go on: `,
    );
    asker.close();
    if (answer !== 'reset') throw new Problem('nothing was deleted.');
  }
  terminal.stderr.write(`${await deleteOwnEntries(dataDir)}\n`);
  return EXIT.ok;
}

/** Says what was done. */
async function deleteOwnEntries(dataDir: string): Promise<string> {
  const { own } = await sortEntries(dataDir);
  for (const name of own) {
    await rm(join(dataDir, name), { recursive: true, force: true }).catch((cause: Error) => {
      throw new Problem(
        `${join(dataDir, name)} cannot be deleted: ${cause.message}. The rest of the data is still there.`,
        { cause },
      );
    });
  }
  const { own: again, foreign } = await sortEntries(dataDir);
  const left = [...again, ...foreign];
  if (left.length === 0) {
    await rmdir(dataDir);
    return `deleted ${dataDir}`;
  }
  const named = left.slice(0, NAMED).map(oneLine).join(', ');
  const more = left.length > NAMED ? ` and ${left.length - NAMED} more` : '';
  return `deleted runvoy's data in ${dataDir}; left there, because it is not runvoy's: ${named}${more}`;
}

/** Data of runvoy may lie in a directory that holds much else: then it is not ours to delete. */
function refuseStrangeDirectory(dataDir: string): void {
  if (!existsSync(join(dataDir, DATABASE)))
    throw new Problem(`${dataDir} does not look like a data directory of runvoy; nothing was deleted.`);
  const holds = (path: string) => path === dataDir || path.startsWith(dataDir.endsWith(sep) ? dataDir : dataDir + sep);
  if (holds(homedir()) || holds(process.cwd()) || existsSync(join(dataDir, '.git'))) {
    throw new Problem(`${dataDir} holds more than data of runvoy; nothing was deleted.`);
  }
}

async function refuseLiveServer(dataDir: string): Promise<void> {
  const server = (await readJson(join(dataDir, 'server.json'))) as { readonly pid?: unknown } | undefined;
  const pid =
    typeof server?.pid === 'number' && isAlive(server.pid) ? server.pid : (await findLocalServer(dataDir))?.pid;
  if (pid === undefined) return;
  throw new Problem(`a server is running in ${dataDir} (pid ${pid}). Stop it first; nothing was deleted.`);
}
