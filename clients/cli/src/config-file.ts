import { mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { endpointOf } from './endpoint.ts';
import { Problem } from './problem.ts';

/** One server as the config file names it. */
export interface ConfiguredServer {
  readonly api_endpoint?: string;
  readonly api_key?: string;
  readonly web_url?: string;
}

/** `~/.runvoy/config.yaml`: runvoy's three fields, and more servers by name. */
export interface ConfigFile extends ConfiguredServer {
  readonly path: string;
  readonly profiles: Readonly<Record<string, ConfiguredServer>>;
}

/** RUNVOY_CONFIG, else runvoy's own place. */
export function configPath(env: NodeJS.ProcessEnv): string {
  return env['RUNVOY_CONFIG'] || join(homedir(), '.runvoy', 'config.yaml');
}

/** Reads the file; one that is not there is empty. A bad one is a problem that names the file and the fault. */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const text = await textOf(path);
  if (text.trim() === '') return { path, profiles: {} };
  const { parse } = await import('yaml');
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    // The rest of the message shows the line, and the line may hold the key.
    throw new Problem(`${path}: ${(cause as Error).message.split(/:?\n/, 1)[0]}.`, { cause });
  }
  if (content === null) return { path, profiles: {} };
  const top = mapping(path, 'the file', content);
  const profiles = mapping(path, 'profiles', top['profiles'] ?? {});
  const servers = Object.entries(profiles).map(([name, value]) => {
    const where = `profiles.${name}`;
    return [name, server(path, `${where}.`, mapping(path, where, value))] as const;
  });
  return { path, ...server(path, '', top), profiles: Object.fromEntries(servers) };
}

/** Writes fields into the file (or a profile of it), keeping everything else: comments, other fields, order. */
export async function saveServer(path: string, profile: string | undefined, fields: ConfiguredServer): Promise<void> {
  const { parseDocument } = await import('yaml');
  // Refuses what could not be read back later.
  await readConfigFile(path);
  const document = parseDocument(await textOf(path));
  const at = profile === undefined ? [] : ['profiles', profile];
  for (const [name, value] of Object.entries(fields)) document.setIn([...at, name], value);
  await replaceFile(path, document.toString({ lineWidth: 0 }));
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new Problem(`${path}: cannot be read: ${(cause as Error).message}.`, { cause });
  }
}

function mapping(path: string, where: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Problem(`${path}: ${where} must hold "name: value" lines.`);
}

function server(path: string, prefix: string, fields: Readonly<Record<string, unknown>>): ConfiguredServer {
  const text = (name: keyof ConfiguredServer) => {
    const value = fields[name];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string') throw new Problem(`${path}: ${prefix}${name} must be text.`);
    return value;
  };
  const url = (name: 'api_endpoint' | 'web_url') => {
    const value = text(name);
    return value === undefined ? undefined : endpointOf(value, `${path}: ${prefix}${name}`, 'failed');
  };
  const [endpoint, key, web] = [url('api_endpoint'), text('api_key'), url('web_url')];
  return {
    ...(endpoint === undefined ? {} : { api_endpoint: endpoint }),
    ...(key === undefined ? {} : { api_key: key }),
    ...(web === undefined ? {} : { web_url: web }),
  };
}

/** Whole or not at all, and for this user alone: the file holds a key. A link stays a link. */
async function replaceFile(path: string, content: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const aside = `${target}.${process.pid}.new`;
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o750 });
    const file = await open(aside, 'w', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, target);
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw new Problem(`${path}: cannot be written: ${(cause as Error).message}.`, { cause });
  }
}
