import { parseArgs } from 'node:util';
import { InfraProblem } from './infra-problem.ts';

export const VERBS = ['plan', 'apply', 'destroy', 'status', 'doctor'] as const;
export type Verb = (typeof VERBS)[number];

/** What may be said behind the verb. `clients/cli/src/command-table.ts` explains each; a test compares. */
const OPTIONS = {
  project: { type: 'string' },
  region: { type: 'string' },
  admin: { type: 'string' },
  version: { type: 'string' },
  images: { type: 'string' },
  'state-bucket': { type: 'string' },
  settings: { type: 'string' },
  'max-instances': { type: 'string' },
  'public-access': { type: 'string' },
  'deletion-protection': { type: 'string' },
  profile: { type: 'string' },
  yes: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

export const INFRA_OPTIONS: readonly string[] = Object.keys(OPTIONS);

/** One call: a verb, and what was said behind it. */
export interface InfraLine {
  readonly verb: Verb;
  readonly project: string;
  readonly region?: string | undefined;
  readonly admin?: string | undefined;
  readonly version?: string | undefined;
  /** Where published images are, `REGION-docker.pkg.dev/P/R`; built unless given. */
  readonly images?: string | undefined;
  readonly stateBucket?: string | undefined;
  /** A file of JSON with further variables of `infra/terraform`. */
  readonly settingsFile?: string | undefined;
  readonly maxInstances?: number | undefined;
  readonly publicAccess?: string | undefined;
  readonly deletionProtection?: boolean | undefined;
  readonly profile?: string | undefined;
  readonly yes: boolean;
  readonly json: boolean;
}

/** It names a folder of ours, too; how long it may be says Terraform. An old one has its domain in front. */
const PROJECT = /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]*$/;

/** Reads what stands behind `runvoy infra`. Throws a usage problem that names what is wrong. */
export function readInfraLine(args: readonly string[]): InfraLine {
  const { values, positionals } = parsed(args);
  const [verb, ...more] = positionals;
  if (!isVerb(verb)) throw usage(`There is no "infra ${verb ?? ''}"; there are: ${VERBS.join(', ')}.`);
  if (more.length > 0) throw usage(`Too much: "${more[0]}". "runvoy help infra" says what there is.`);
  const { project } = values;
  if (project === undefined) throw usage('Which project? --project PROJECT_ID');
  if (!PROJECT.test(project)) throw usage(`"${project}" is no id of a project: small letters, digits and hyphens.`);
  return {
    verb,
    project,
    region: values.region,
    admin: values.admin,
    version: values.version,
    images: repository(values.images),
    stateBucket: bucket(values['state-bucket']),
    settingsFile: values.settings,
    maxInstances: wholeNumber(values['max-instances']),
    publicAccess: values['public-access'],
    deletionProtection: onOrOff(values['deletion-protection']),
    profile: values.profile,
    yes: values.yes === true,
    json: values.json === true,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw usage(`${(error as Error).message.split('. ', 1)[0]}. "runvoy help infra" says what there is.`);
  }
}

const isVerb = (word: string | undefined): word is Verb => VERBS.some((verb) => verb === word);
const usage = (message: string): InfraProblem => new InfraProblem(message, { kind: 'usage' });

function repository(text: string | undefined): string | undefined {
  const path = text?.replace(/\/$/, '');
  if (path === undefined || /^[a-z0-9.-]+(?::\d+)?(?:\/[a-z0-9._-]+)+$/.test(path)) return path;
  throw usage(`--images is where images are, such as europe-west1-docker.pkg.dev/my-project/runvoy; got "${text}".`);
}

/** Google's own rule: https://cloud.google.com/storage/docs/buckets#naming */
function bucket(text: string | undefined): string | undefined {
  const name = text?.replace(/^gs:\/\//, '').replace(/\/$/, '');
  if (name === undefined || /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(name)) return name;
  throw usage(`--state-bucket is the name of a bucket: small letters, digits, "-", "_" and "."; got "${text}".`);
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw usage(`--max-instances must be a whole number from 1; got "${text}".`);
}

function onOrOff(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (text === 'on' || text === 'off') return text === 'on';
  throw usage(`--deletion-protection is on or off; got "${text}".`);
}
