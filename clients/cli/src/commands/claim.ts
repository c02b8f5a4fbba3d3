import { openApi } from '../open-api.ts';
import { configPath, readConfigFile, saveServer } from '../config-file.ts';
import { environment, findConnection, flags } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { Problem, usageProblem } from '../problem.ts';

/** `runvoy claim`: trades a claim for a key and keeps it in the config file. */
export async function claim(invocation: Invocation): Promise<number> {
  const { options, words, terminal, env } = invocation;
  const { token, origin } = readClaim(words[0] ?? '');
  const path = configPath(env);
  const profile = options.text('profile');
  const endpoint = await endpointFor(invocation, origin);
  await refuseToReplace(path, profile, endpoint);
  const { api_key, user_email } = await openApi({ endpoint }).claim(token);
  await saveServer(path, profile, { api_endpoint: endpoint, api_key }).catch((error: unknown) => {
    // A claim works once: a key that could not be saved would be lost.
    terminal.stdout.write(`${api_key}\n`);
    throw error;
  });
  if (options.flag('json')) terminal.stdout.write(`${JSON.stringify({ user_email, api_endpoint: endpoint })}\n`);
  terminal.stderr.write(`signed in to ${endpoint} as ${user_email}; the key is in ${path}\n`);
  return EXIT.ok;
}

/** A token, or a link that carries one in its fragment. */
export function readClaim(text: string): { readonly token: string; readonly origin?: string } {
  if (!text.includes('://')) return { token: text };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const token = url && new URLSearchParams(url.hash.replace(/^#\/?\??/, '')).get('claim');
  if (!url || !token) throw usageProblem('This link holds no claim; it should end in "#claim=...".');
  return { token, origin: url.origin };
}

/**
 * What was named on the command line, else where the link leads, else what is configured. A link is for its own server: whoever else
 * was asked, because that one does not answer, could use the token up or keep it.
 */
async function endpointFor(invocation: Invocation, origin: string | undefined): Promise<string> {
  const named = flags(invocation).endpoint ?? origin ?? environment(invocation).endpoint;
  if (named !== undefined) return named;
  const configured = await findConnectionOfNewProfile(invocation);
  if (configured !== undefined) return configured;
  throw new Problem('which server is this claim for? Name it: runvoy claim --api-endpoint URL <token>');
}

/** A profile that is to be created does not exist yet. */
async function findConnectionOfNewProfile(invocation: Invocation): Promise<string | undefined> {
  const { options, env } = invocation;
  const profile = options.text('profile');
  if (profile !== undefined) return (await readConfigFile(configPath(env))).profiles[profile]?.api_endpoint;
  return (await findConnection(invocation))?.endpoint;
}

/** The key of one server is not overwritten by the key of another. */
async function refuseToReplace(path: string, profile: string | undefined, endpoint: string): Promise<void> {
  const file = await readConfigFile(path);
  const old = profile === undefined ? file : (file.profiles[profile] ?? {});
  if (old.api_key === undefined || old.api_endpoint === undefined || old.api_endpoint === endpoint) return;
  throw new Problem(
    `${path} holds the key of ${old.api_endpoint}, and this claim is for ${endpoint}. Keep both: runvoy claim --profile NAME ...`,
  );
}
