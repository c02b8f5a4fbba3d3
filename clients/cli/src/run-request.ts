import type { RunRequest } from '@runvoy/protocol';
import { readDurationS } from './read-duration.ts';
import type { Invocation } from './invocation.ts';
import { usageProblem } from './problem.ts';

const FORWARDED = 'RUNVOY_USER_';
/** What a shell can read. Other names reach the command, but no command line can use them. */
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const ISOLATIONS = ['container', 'bubblewrap', 'process'] as const;

/** What the options of a run say, whatever is run. Fields left out are not sent. */
export type RunChoices = Omit<RunRequest, 'command'>;

/** The body of `POST /run` from a job file, if there is one, and the command line. */
export function readRunRequest(
  asked: Pick<Invocation, 'options' | 'words' | 'env'>,
  job: Partial<RunRequest> = {},
): RunRequest {
  if (job.command !== undefined && asked.words.length > 0) {
    throw usageProblem('There are two commands: one in the job file and one behind the options. Leave one out.');
  }
  const command = job.command ?? asked.words.join(' ');
  if (command.trim() === '') throw usageProblem('There is no command to run. Usage: runvoy run [options] <command...>');
  return { command, ...readRunChoices(asked, job) };
}

/** The options, over what a job file says. */
export function readRunChoices(
  { options, env }: Pick<Invocation, 'options' | 'env'>,
  job: Partial<RunChoices> = {},
): RunChoices {
  const [timeout, grace] = [options.text('timeout'), options.text('grace')];
  const network = readNetwork(options.text('network'));
  const isolation = readIsolation(options.text('isolation'));
  const runEnv = { ...job.env, ...readEnv(options.texts('env'), env) };
  const labels = {
    ...job.labels,
    ...Object.fromEntries(options.texts('label').map((pair) => readPair(pair, '--label'))),
  };
  const named = options.texts('secret').flatMap((names) => names.split(',').map((name) => name.trim()));
  if (named.includes('')) throw usageProblem('--secret needs a name.');
  const secrets = [...(job.secrets ?? []), ...named];
  return {
    ...job,
    ...given('image', options.text('image')),
    ...given('git_repo', options.text('git-repo')),
    ...given('git_ref', options.text('git-ref')),
    ...given('git_path', options.text('git-path')),
    ...(Object.keys(runEnv).length === 0 ? {} : { env: runEnv }),
    ...(secrets.length === 0 ? {} : { secrets: [...new Set(secrets)] }),
    ...(timeout === undefined ? {} : { timeout: readDurationS(timeout, '--timeout') }),
    ...(grace === undefined ? {} : { grace: readDurationS(grace, '--grace') }),
    ...(network === undefined ? {} : { network }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
}

/** `name=value`, where the value may be empty. Throws a usage problem that names the option. */
export function readPair(text: string, option: string): readonly [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw usageProblem(`${option} takes name=value; got "${text}".`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function given<K extends string>(name: K, value: string | undefined): { readonly [name in K]?: string } {
  return value ? ({ [name]: value } as { readonly [name in K]: string }) : {};
}

function readNetwork(text: string | undefined): 'default' | 'none' | undefined {
  if (text === undefined || text === 'default' || text === 'none') return text;
  throw usageProblem(`--network is none or default; got "${text}".`);
}

function readIsolation(text: string | undefined): (typeof ISOLATIONS)[number] | undefined {
  if (text === undefined) return undefined;
  const isolation = ISOLATIONS.find((known) => known === text);
  if (!isolation) throw usageProblem(`--isolation is ${ISOLATIONS.join(', ')}; got "${text}".`);
  return isolation;
}

/** RUNVOY_USER_X as X, overlaid by what `-e` says. */
function readEnv(pairs: readonly string[], env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (name.length <= FORWARDED.length || !name.startsWith(FORWARDED)) continue;
    const forwarded = name.slice(FORWARDED.length);
    checkEnvName(forwarded, name);
    result[forwarded] = value ?? '';
  }
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const name = at < 0 ? pair : pair.slice(0, at);
    if (name === '') throw usageProblem(`--env takes NAME=VALUE, or NAME to pass on your own; got "${pair}".`);
    checkEnvName(name, '--env');
    const value = at < 0 ? env[name] : pair.slice(at + 1);
    if (value === undefined) throw usageProblem(`--env ${name}: there is no ${name} in your environment to pass on.`);
    result[name] = value;
  }
  return result;
}

function checkEnvName(name: string, where: string): void {
  if (ENV_NAME.test(name)) return;
  throw usageProblem(`${where}: "${name}" is no name a shell can read; names match [A-Za-z_][A-Za-z0-9_]*.`);
}
