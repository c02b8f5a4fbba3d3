import { createHash } from 'node:crypto';
import { configPath, readConfigFile, saveServer } from '../../../clients/cli/src/config-file.ts';
import { openApi } from '../../../clients/cli/src/open-api.ts';
import { InfraProblem } from '../infra-problem.ts';
import { gcloudEnded, type InfraRun } from '../infra-run.ts';
import { outputsOf } from './make-resources.ts';

const TOKEN_BYTES = 32;
const TRIES = 4;
const PAUSE_MS = 20_000;

/** A server of the CLI's configuration file, with the key that it takes from us. */
export interface SignedIn {
  readonly endpoint: string;
  readonly apiKey: string;
  /** Below "profiles"; undefined: the one at the top. */
  readonly profile: string | undefined;
}

/**
 * Lets the first admin in by a setup token that works once. It is drawn here; the job that opens the door is told its hash alone, so that
 * neither state, nor job, nor log, nor audit log holds anything that lets somebody in. Who has a key already keeps it.
 */
export async function letAdminIn(run: InfraRun): Promise<void> {
  const { apiUrl, loadBalancer } = await outputsOf(run);
  await expectAnswer(run, apiUrl, loadBalancer);
  const known = await signedIn(run, apiUrl);
  if (known !== undefined) return run.say(`${run.settings.admin} has a key already (${placeOf(known.profile)})`);
  const token = run.random(TOKEN_BYTES).toString('base64url');
  await openDoor(run, createHash('sha256').update(token).digest('hex'));
  const { api_key, user_email } = await openApi({ endpoint: apiUrl }).claim(token);
  const profile = await profileFor(run, apiUrl);
  const path = configPath(run.env);
  await saveServer(path, profile, { api_endpoint: apiUrl, api_key }).catch((cause: Error) => {
    throw new InfraProblem(`The key could not be kept: ${cause.message} Apply again: it makes another.`, { cause });
  });
  run.say(`${user_email} is admin; the key is in ${path} (${placeOf(profile)})`);
}

/** The key that the configuration file has for this server, under one of its addresses, when the server takes it. */
export async function signedIn(run: InfraRun, ...addresses: readonly string[]): Promise<SignedIn | undefined> {
  const file = await readConfigFile(configPath(run.env));
  const places = [[undefined, file] as const, ...Object.entries(file.profiles)];
  const wanted = run.profile === undefined ? places : places.filter(([name]) => name === run.profile);
  for (const [profile, { api_endpoint, api_key }] of wanted) {
    if (api_endpoint === undefined || !addresses.includes(api_endpoint) || api_key === undefined) continue;
    const isTaken = await openApi({ endpoint: api_endpoint, apiKey: api_key })
      .whoAmI()
      .then(
        () => true,
        () => false,
      );
    if (isTaken) return { endpoint: api_endpoint, apiKey: api_key, profile };
  }
  return undefined;
}

/** `--profile`, else the top of the file unless another server's key is there. */
async function profileFor({ profile, env, settings }: InfraRun, apiUrl: string): Promise<string | undefined> {
  if (profile !== undefined) return profile;
  const { api_endpoint = apiUrl } = await readConfigFile(configPath(env));
  return api_endpoint === apiUrl ? undefined : settings.project;
}

const placeOf = (profile: string | undefined): string =>
  profile === undefined ? 'no --profile needed' : `--profile ${profile}`;

/** Runs `admin-link` as a job of the deployment. A deployment of this minute may not have all of its grants and indexes yet. */
async function openDoor(run: InfraRun, hash: string): Promise<void> {
  const { region } = run.settings;
  const args = [
    'run',
    'jobs',
    'execute',
    'runvoy-admin-link',
    '--region',
    region,
    `--args=admin-link,--claim-hash=${hash}`,
    '--wait',
  ];
  for (let attempt = 1; ; attempt += 1) {
    const { status, stderr } = await gcloudEnded(run, args);
    if (status === 0) return;
    if (attempt === TRIES) {
      const log = `gcloud logging read 'resource.labels.job_name="runvoy-admin-link"' --limit 20 --project ${run.settings.project}`;
      throw new InfraProblem(`The job that lets the first admin in failed:\n${stderr.trim()}\nIt says why: ${log}`);
    }
    run.say('The first admin could not be let in yet; once more in 20 seconds.');
    await run.sleep(PAUSE_MS);
  }
}

/** A name whose certificate is not there yet cannot be asked anything. */
async function expectAnswer({ sleep }: InfraRun, apiUrl: string, loadBalancer: string | undefined): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const health = await openApi({ endpoint: apiUrl })
      .health()
      .catch((error: unknown) => error as Error);
    if (!(health instanceof Error)) return;
    if (attempt === TRIES) {
      const name =
        loadBalancer === undefined
          ? 'Look at it: runvoy infra status.'
          : `The address record of that name has to hold ${loadBalancer}; its certificate comes within an hour then. Apply again.`;
      throw new InfraProblem(`${apiUrl} does not answer: ${health.message} ${name}`);
    }
    await sleep(PAUSE_MS);
  }
}
