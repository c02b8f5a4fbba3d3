import { openApi } from '../open-api.ts';
import { RunvoyError } from '@runvoy/sdk/client';
import { Asker } from '../ask.ts';
import { configPath, readConfigFile, saveServer, type ConfiguredServer } from '../config-file.ts';
import { endpointOf } from '../endpoint.ts';
import { errorText } from '../error-text.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { usageProblem } from '../problem.ts';
import type { Terminal } from '../terminal.ts';

const HEALTH_MS = 5_000;

type SavedServer = Required<Pick<ConfiguredServer, 'api_endpoint' | 'api_key'>>;

/** `runvoy configure`: asks for what was not given, saves it, and says whether the server answers and knows the key. */
export async function configure(invocation: Invocation): Promise<number> {
  const { options, terminal, env } = invocation;
  const path = configPath(env);
  const profile = options.text('profile');
  const file = await readConfigFile(path);
  const old = profile === undefined ? file : (file.profiles[profile] ?? {});
  const server = await readServer(invocation, old);
  await saveServer(path, profile, server);
  terminal.stderr.write(`saved to ${path}${profile === undefined ? '' : ` as profile ${profile}`}\n`);
  const health = await openApi({ endpoint: server.api_endpoint })
    .health({ timeoutMs: HEALTH_MS, tries: 1 })
    .catch(() => undefined);
  if (health?.status !== 'ok') {
    terminal.stderr.write(`note: ${server.api_endpoint} does not answer now; the key was not checked\n`);
    return EXIT.ok;
  }
  terminal.stderr.write(`${server.api_endpoint} answers: ${health.provider}, version ${health.version}\n`);
  return checkKey(server, terminal);
}

/** A key that may do little is a key: only one that the server does not know is bad. */
async function checkKey({ api_endpoint, api_key }: SavedServer, { stderr }: Terminal): Promise<number> {
  const api = openApi({ endpoint: api_endpoint, apiKey: api_key });
  const problem = await api.list({ limit: '1' }).then(
    () => undefined,
    (error: unknown) => error,
  );
  const isKnown = problem === undefined || (problem instanceof RunvoyError && problem.status === 403);
  const isRefused = problem instanceof RunvoyError && problem.status === 401;
  if (isKnown) stderr.write('the key is accepted\n');
  else if (isRefused) stderr.write(`the key is NOT accepted: ${errorText(problem)}\n`);
  else stderr.write(`note: the key could not be checked: ${errorText(problem)}\n`);
  return isRefused ? EXIT.failed : EXIT.ok;
}

async function readServer({ options, terminal }: Invocation, old: ConfiguredServer): Promise<SavedServer> {
  const asker = new Asker(terminal);
  const given = { endpoint: options.text('api-endpoint'), key: options.text('api-key') };
  const isAsked = given.endpoint === undefined && given.key === undefined;
  try {
    const endpoint =
      given.endpoint ??
      (old.api_endpoint !== undefined && !isAsked
        ? old.api_endpoint
        : (await asker.ask(`API endpoint${old.api_endpoint === undefined ? '' : ` [${old.api_endpoint}]`}: `)) ||
          old.api_endpoint);
    if (endpoint === undefined) throw usageProblem('An API endpoint is needed.');
    const api_endpoint = endpointOf(endpoint, 'the API endpoint', 'usage');
    // A key of another server is of no use here.
    const oldKey = api_endpoint === old.api_endpoint ? old.api_key : undefined;
    const key =
      given.key ??
      ((await asker.ask(`API key${oldKey === undefined ? '' : ' [keep the old one]'}: `, { isHidden: true })) ||
        oldKey);
    if (key === undefined) throw usageProblem('An API key is needed; "runvoy claim <token or link>" gets one.');
    return { api_endpoint, api_key: key };
  } finally {
    asker.close();
  }
}
