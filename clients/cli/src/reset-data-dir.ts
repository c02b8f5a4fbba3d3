import { existsSync } from 'node:fs';
import { realpath, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, sep } from 'node:path';
import { Asker } from './ask.ts';
import { EXIT } from './exit-code.ts';
import type { Invocation } from './invocation.ts';
import { dataDirOf, findLocalServer, isAlive, readJson } from './local-server.ts';
import { Problem } from './problem.ts';

/** `runvoy local reset`: deletes a data directory that is one, that no server uses, and only when told twice. */
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
  await rm(dataDir, { recursive: true, force: true });
  terminal.stderr.write(`deleted ${dataDir}\n`);
  return EXIT.ok;
}

/** Data of runvoy may lie in a directory that holds much else: then it is not ours to delete. */
function refuseStrangeDirectory(dataDir: string): void {
  const isOurs = ['runvoy.sqlite', 'server.json'].some((name) => existsSync(join(dataDir, name)));
  if (!isOurs) throw new Problem(`${dataDir} does not look like a data directory of runvoy; nothing was deleted.`);
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
