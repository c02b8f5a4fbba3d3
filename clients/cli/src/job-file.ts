import { readFile } from 'node:fs/promises';
import type { RunRequest } from '@runvoy/protocol';
import { Problem } from './problem.ts';
import { readDurationS } from './read-duration.ts';

/** Tells what a field must hold, or undefined when it does. */
type Check = (value: unknown) => string | undefined;

const text: Check = (value) => (typeof value === 'string' ? undefined : 'text');
const seconds: Check = (value) =>
  typeof value === 'number' || typeof value === 'string' ? undefined : 'a time such as 30s, 5m, 1h or plain seconds';
const names: Check = (value) =>
  Array.isArray(value) && value.every((name) => typeof name === 'string') ? undefined : 'a list of names';
const variables: Check = (value) =>
  isMapping(value) && Object.values(value).every((one) => ['string', 'number', 'boolean'].includes(typeof one))
    ? undefined
    : '"NAME: value" lines';

/** A record, so that a field of the API that is missing here does not compile. */
const FIELDS: Readonly<Record<keyof RunRequest, Check>> = {
  command: text,
  image: text,
  env: variables,
  timeout: seconds,
  secrets: names,
  git_repo: text,
  git_ref: text,
  git_path: text,
  isolation: text,
  network: text,
  grace: seconds,
  labels: variables,
};

/** As a file may hold them. */
interface Times {
  readonly timeout?: string | number;
  readonly grace?: string | number;
}

/** A job: the body of `POST /run` in YAML or JSON. Fails with a problem that names the file and the field. */
export async function readJobFile(path: string): Promise<Partial<RunRequest>> {
  const content = await contentOf(path);
  if (!isMapping(content)) throw new Problem(`${path}: a job holds "field: value" lines.`);
  for (const [name, value] of Object.entries(content)) {
    if (!Object.hasOwn(FIELDS, name)) {
      throw new Problem(`${path}: a job has no "${name}"; it may have ${Object.keys(FIELDS).join(', ')}.`);
    }
    const expected = FIELDS[name as keyof RunRequest](value);
    if (expected !== undefined) throw new Problem(`${path}: ${name} must be ${expected}.`);
  }
  const { env, labels, timeout, grace, ...job } = content as Partial<Record<keyof RunRequest, unknown>> & Times;
  return {
    ...(job as Partial<RunRequest>),
    // YAML reads `PORT: 8080` as a number, and nobody means anything but its text.
    ...(env === undefined ? {} : { env: textsOf(env as Readonly<Record<string, unknown>>) }),
    ...(labels === undefined ? {} : { labels: textsOf(labels as Readonly<Record<string, unknown>>) }),
    ...(timeout === undefined ? {} : { timeout: readDurationS(String(timeout), `${path}: timeout`) }),
    ...(grace === undefined ? {} : { grace: readDurationS(String(grace), `${path}: grace`) }),
  };
}

async function contentOf(path: string): Promise<unknown> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (cause) {
    throw new Problem(`${path}: cannot be read: ${(cause as Error).message}.`, { cause });
  }
  // JSON is YAML as well.
  const { parse } = await import('yaml');
  try {
    return parse(content) as unknown;
  } catch (cause) {
    throw new Problem(`${path}: ${(cause as Error).message.split(/:?\n/, 1)[0]}.`, { cause });
  }
}

function textsOf(lines: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(lines).map(([name, value]) => [name, String(value)]));
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
