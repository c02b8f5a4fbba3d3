import { request } from 'node:http';
import { homedir } from 'node:os';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readJsonFile } from '@runvoy/runtime';
import { BACKUP_PATH } from './backup-route.ts';

/** What the provider has to bring to both commands. */
export interface BackupCommands {
  /** Of a directory that no server uses; throws what `isInUse` says yes to when one does. */
  backupDirectory(dataDir: string, to: string): Promise<BackupAccount>;
  isInUse(error: unknown): boolean;
  restore(from: string, dataDir: string, force: boolean): Promise<RestoreAccount>;
  /** Where things lie in a data directory. */
  pathsIn(dataDir: string): { readonly vaultKeys: string; readonly serverFile: string; readonly clientFile: string };
}

/** What a restore has done. */
export interface RestoreAccount {
  readonly manifest: BackupAccount;
  readonly before?: string;
  /** Runs that had not ended when the backup was made. */
  readonly ended: number;
  readonly missingKeys: readonly string[];
}

/** What a backup says of itself, as far as it is told here. */
export interface BackupAccount {
  readonly made_at: string;
  readonly counts: { readonly records: Readonly<Record<string, number>>; readonly blobs: number };
}

const OPTIONS = {
  'data-dir': { type: 'string' },
  to: { type: 'string' },
  force: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

/** `backup [--to DIR] [--data-dir D] [--json]` */
export async function backup(args: readonly string[], commands: BackupCommands, nowMs: number): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const dataDir = dataDirOf(values['data-dir']);
  const to = targetOf(values.to, nowMs);
  const manifest = (await askServer(commands.pathsIn(dataDir), to)) ?? (await withoutServer(commands, dataDir, to));
  const { vaultKeys } = commands.pathsIn(dataDir);
  if (values.json) return void process.stdout.write(`${JSON.stringify({ ...manifest, path: to })}\n`);
  process.stdout.write(`${to}\n`);
  process.stderr.write(
    `backup of ${manifest.made_at}: ${countsText(manifest)}, looked over\n` +
      `It holds no keys. What is sealed in it (secrets, variables) can only be read with ${vaultKeys}: keep a copy of that file, ` +
      'readable by you alone, in another place than your backups.\n',
  );
}

/** `restore BACKUP [--force] [--data-dir D] [--json]` */
export async function restore(args: readonly string[], commands: BackupCommands): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const [from] = positionals;
  if (from === undefined || positionals.length > 1) throw new Error('Name the one backup to restore: restore DIR');
  const dataDir = dataDirOf(values['data-dir']);
  const { manifest, before, ended, missingKeys } = await commands.restore(resolve(from), dataDir, values.force);
  if (values.json) {
    const told = {
      data_dir: dataDir,
      made_at: manifest.made_at,
      counts: manifest.counts,
      ended,
      missing_keys: missingKeys,
    };
    return void process.stdout.write(`${JSON.stringify(before === undefined ? told : { ...told, before })}\n`);
  }
  process.stdout.write(`${dataDir}\n`);
  process.stderr.write(`restored the backup of ${manifest.made_at}: ${countsText(manifest)}, looked over\n`);
  if (ended > 0) {
    const runs = ended === 1 ? '1 run that had not ended then is' : `${ended} runs that had not ended then are`;
    process.stderr.write(`${runs} over here, with reason "restored"; where the backup came from they may go on\n`);
  }
  if (before !== undefined) process.stderr.write(`what was there before is in ${before}\n`);
  if (missingKeys.length === 0) return;
  const { vaultKeys } = commands.pathsIn(dataDir);
  process.stderr.write(
    `The key ${missingKeys.join(', ')} is not here: secrets and variables in this data cannot be read. Put your copy of the key file ` +
      `at ${vaultKeys} (chmod 600) before the first start; without one nobody can read them again.\n`,
  );
}

async function withoutServer(commands: BackupCommands, dataDir: string, to: string): Promise<BackupAccount> {
  try {
    return await commands.backupDirectory(dataDir, to);
  } catch (error) {
    if (!commands.isInUse(error)) throw error;
    throw new Error(`A server uses ${dataDir} and does not answer on its socket. Nothing was written; try again.`, {
      cause: error,
    });
  }
}

function dataDirOf(given: string | undefined): string {
  return resolve(given || process.env['RUNVOY_DATA_DIR'] || join(homedir(), '.local', 'share', 'runvoy'));
}

/** A directory that is there gets the backup inside, under a name with the time in it. */
function targetOf(given: string | undefined, nowMs: number): string {
  const name = `runvoy-backup-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')}`;
  if (given === undefined) return resolve(name);
  const to = resolve(given);
  return existsSync(to) && statSync(to).isDirectory() ? join(to, name) : to;
}

/** Asks the live server of the directory; `undefined` when there is none. Throws an Error fit to be shown. */
async function askServer(
  { serverFile, clientFile }: ReturnType<BackupCommands['pathsIn']>,
  to: string,
): Promise<BackupAccount | undefined> {
  const socketPath = readJsonFile(serverFile)?.['intake_socket'];
  const key = readJsonFile(clientFile)?.['api_key'];
  if (typeof socketPath !== 'string' || typeof key !== 'string') return undefined;
  const answer = await post(socketPath, key, { to });
  if (answer === undefined) return undefined;
  const { problem, error, details } = answer as { problem?: string; error?: string; details?: string };
  if (problem !== undefined) throw new Error(problem);
  if (error !== undefined) throw new Error(`The server made no backup: ${error}${details ? `: ${details}` : ''}`);
  return answer as BackupAccount;
}

/** The answer; `undefined` when nobody listens. Waits as long as it takes. */
function post(socketPath: string, key: string, body: object): Promise<object | undefined> {
  return new Promise((done, failed) => {
    const headers = { 'content-type': 'application/json', 'x-api-key': key };
    const asked = request({ socketPath, path: BACKUP_PATH, method: 'POST', headers }, (answer) => {
      let text = '';
      answer.on('data', (part: Buffer) => (text += part.toString()));
      answer.on('error', failed);
      answer.on('close', () => {
        if (answer.complete) done(JSON.parse(text) as object);
        else failed(new Error('The server went away while it made the backup. Nothing is left under its name.'));
      });
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      const isNobody = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      if (isNobody) done(undefined);
      else failed(new Error(`The server went away while it made the backup: ${error.message}.`, { cause: error }));
    });
    asked.end(JSON.stringify(body));
  });
}

function countsText({ counts: { records, blobs } }: BackupAccount): string {
  const all = Object.values(records).reduce((sum, each) => sum + each, 0);
  return `${records['executions'] ?? 0} runs, ${all} records, ${blobs} blobs`;
}
