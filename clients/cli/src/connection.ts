import type { ApiAccess } from './open-api.ts';
import { configPath, readConfigFile, type ConfiguredServer } from './config-file.ts';
import { endpointOf } from './endpoint.ts';
import type { Invocation } from './invocation.ts';
import { dataDirOf, findLocalServer, noLocalServer } from './local-server.ts';
import { Problem, usageProblem } from './problem.ts';

/** A place that may name the server, the key, or both. Earlier places win. */
export interface Source {
  readonly name: 'flags' | 'environment' | 'profile' | 'config file' | 'local server';
  readonly endpoint?: string | undefined;
  readonly apiKey?: string | undefined;
}

/** The server to talk to, and what named it. */
export interface Connection extends ApiAccess {
  readonly from: Source['name'];
}

type Asked = Pick<Invocation, 'options' | 'env' | 'terminal'>;

/** Finds the server: flags, environment, `--profile`, the config file, a live local server. None is a problem. */
export async function openConnection(asked: Asked): Promise<Connection> {
  const found = await findConnection(asked);
  if (!found) {
    throw new Problem(
      'no server is configured and none runs on this machine. Start one: npm start. Or name one: runvoy configure, RUNVOY_API_ENDPOINT.',
    );
  }
  if (found.from === 'local server' && asked.options.text('data-dir') === undefined) {
    asked.terminal.stderr.write(`runvoy: using the local server at ${found.endpoint}\n`);
  }
  return found;
}

/** As `openConnection`; undefined when nothing names a server. */
export async function findConnection(asked: Asked): Promise<Connection | undefined> {
  const sources: Source[] = [];
  for (const read of [flags, dataDirFlag, environment, profile, configFile, localServer]) {
    const source = await read(asked);
    if (source) sources.push(source);
    // What is complete is not looked for further: a broken file that is not needed is no obstacle.
    const connection = connectionOf(sources);
    if (connection?.apiKey !== undefined) return connection;
  }
  return connectionOf(sources);
}

/**
 * The first endpoint and its key. A key is taken from a place that names no endpoint or the same one: the key of one server is never
 * sent to another.
 */
export function connectionOf(sources: readonly Source[]): Connection | undefined {
  const naming = sources.find((source) => source.endpoint !== undefined);
  if (naming?.endpoint === undefined) return undefined;
  const { endpoint } = naming;
  const fits = (source: Source) => source.endpoint === undefined || source.endpoint === endpoint;
  const apiKey = sources.find((source) => source.apiKey !== undefined && fits(source))?.apiKey;
  return { endpoint, apiKey, from: naming.name };
}

/** `--api-endpoint` and `--api-key`. */
export function flags({ options }: Asked): Source {
  const endpoint = options.text('api-endpoint');
  return {
    name: 'flags',
    endpoint: endpoint === undefined ? undefined : endpointOf(endpoint, '--api-endpoint', 'usage'),
    apiKey: options.text('api-key'),
  };
}

/** A directory named on the command line means its server, whatever else is configured. */
async function dataDirFlag(asked: Asked): Promise<Source | undefined> {
  if (asked.options.text('data-dir') === undefined || asked.options.text('api-endpoint') !== undefined)
    return undefined;
  const source = await localServer(asked);
  if (source) return source;
  throw noLocalServer(asked);
}

/** RUNVOY_API_ENDPOINT and RUNVOY_API_KEY. */
export function environment({ env }: Asked): Source {
  const endpoint = env['RUNVOY_API_ENDPOINT'];
  return {
    name: 'environment',
    endpoint: endpoint ? endpointOf(endpoint, 'RUNVOY_API_ENDPOINT', 'failed') : undefined,
    apiKey: env['RUNVOY_API_KEY'] || undefined,
  };
}

async function profile({ options, env }: Asked): Promise<Source | undefined> {
  const name = options.text('profile');
  if (name === undefined) return undefined;
  const file = await readConfigFile(configPath(env));
  const server = Object.hasOwn(file.profiles, name) ? file.profiles[name] : undefined;
  if (server) return named('profile', server);
  const known = Object.keys(file.profiles).join(', ') || 'none';
  throw usageProblem(`${file.path} has no profile "${name}"; there are: ${known}.`);
}

async function configFile({ options, env }: Asked): Promise<Source | undefined> {
  // A profile stands alone: what it lacks is not filled from another server's fields.
  if (options.text('profile') !== undefined) return undefined;
  return named('config file', await readConfigFile(configPath(env)));
}

async function localServer(asked: Asked): Promise<Source | undefined> {
  const local = await findLocalServer(dataDirOf(asked));
  return local && { name: 'local server', endpoint: local.api_endpoint, apiKey: local.api_key };
}

function named(name: Source['name'], { api_endpoint, api_key }: ConfiguredServer): Source {
  return { name, endpoint: api_endpoint, apiKey: api_key };
}
