import type { ConfigField } from '@runvoy/runtime/read-config';

/** The form of one of Google's names, in words for the message and with an example. */
interface NameForm {
  readonly form: RegExp;
  readonly what: string;
  readonly example: string;
  readonly fallback?: string;
}

/** Ids of Cloud Run services. */
const SERVICE_ID = /^[a-z][a-z0-9-]{0,47}[a-z0-9]$/;
const EMAIL = '[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z0-9.-]+\\.gserviceaccount\\.com';
const SERVICE_ACCOUNT = new RegExp(`^${EMAIL}$`);

/** A name of this form; required unless it has a fallback. */
export function named(name: NameForm & { readonly fallback: string }): ConfigField<string>;
export function named(name: NameForm): ConfigField<string>;
export function named({ form, what, example, fallback }: NameForm): ConfigField<string> {
  return (variable, value = fallback) => {
    if (value === undefined) return { problem: `${variable} is not set. Example: ${variable}=${example}` };
    if (form.test(value)) return { value };
    return { problem: `${variable} must be ${what}, such as ${example}; got "${value}".` };
  };
}

/** The same, or nothing. */
export function optionally<T>(field: ConfigField<T>): ConfigField<T | undefined> {
  return (variable, value) => (value === undefined ? { value: undefined } : field(variable, value));
}

/** A project's id, also one that belongs to a domain (`example.com:project`). */
export const projectId = named({
  form: /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
  what: 'a project id',
  example: 'my-project',
});

const REGION = { form: /^[a-z]+-[a-z]+[0-9]{1,2}$/, what: 'a region', example: 'europe-west1' };
export const region = named(REGION);

/** The id of a Cloud Run service. */
export const serviceId = (fallback: string) =>
  named({ form: SERVICE_ID, what: 'the id of a Cloud Run service', example: fallback, fallback });

/** A topic of this project, by its id. */
export const topicId = (fallback: string) =>
  named({ form: /^(?!goog)[A-Za-z][\w.~+%-]{2,254}$/, what: 'the id of a Pub/Sub topic', example: fallback, fallback });

/** A service account by its e-mail; `id` makes the example, for no two uses may share one. */
export const serviceAccount = (id: string) =>
  named({
    form: SERVICE_ACCOUNT,
    what: "a service account's e-mail",
    example: `${id}@my-project.iam.gserviceaccount.com`,
  });

/** A comma list of service accounts. */
export const serviceAccounts: ConfigField<readonly string[]> = (variable, value = '') => {
  const emails = value.split(',').flatMap((entry) => entry.trim() || []);
  const wrong = emails.find((email) => !SERVICE_ACCOUNT.test(email));
  if (wrong === undefined) return { value: emails };
  return { problem: `${variable} must list service accounts by their e-mails; got "${wrong}".` };
};

/** https://cloud.google.com/kms/docs/resource-hierarchy */
export const kmsKey = named({
  form: /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[\w-]{1,63}\/cryptoKeys\/[\w-]{1,63}$/,
  what: "a key's full name",
  example: 'projects/my-project/locations/europe-west1/keyRings/runvoy/cryptoKeys/secrets',
});

/** https://cloud.google.com/logging/docs/logs-views */
export const logView = named({
  form: /^projects\/[^/]+\/locations\/[^/]+\/buckets\/[\w.-]{1,100}\/views\/[\w.-]{1,100}$/,
  what: "a log view's full name",
  example: 'projects/my-project/locations/europe-west1/buckets/runvoy-runs/views/_AllLogs',
});

/** The part of a secret's id that says it is ours; IAM conditions are written on it. */
export const secretsPrefix = named({
  form: /^[A-Za-z0-9_-]{1,64}$/,
  what: '1 to 64 letters, digits, hyphens or underscores',
  example: 'runvoy-secrets',
  fallback: 'runvoy-secrets',
});

/** https://cloud.google.com/firestore/docs/manage-databases */
export const databaseId = named({
  form: /^(?:\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$/,
  what: "a database's id",
  example: 'runvoy',
  fallback: 'runvoy',
});

export const collectionPrefix = named({
  form: /^[A-Za-z0-9][\w-]{0,62}$/,
  what: '1 to 63 letters, digits, hyphens or underscores',
  example: 'runvoy-',
  fallback: 'runvoy-',
});

/** https://cloud.google.com/storage/docs/buckets#naming */
export const bucket = named({
  form: /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/,
  what: "a bucket's name",
  example: 'my-project-runvoy-archive',
});

export const imageReference = named({
  form: /^[a-z0-9][\w.\-/:@]{0,511}$/,
  what: 'an image reference',
  example: 'europe-docker.pkg.dev/my-project/runvoy/sidecar:0.1.0',
});

export const artifactRepository = named({
  form: /^[a-z0-9-]+-docker\.pkg\.dev\/[^/]+\/[a-z0-9-]+$/,
  what: 'an Artifact Registry repository',
  example: 'europe-docker.pkg.dev/my-project/runvoy',
});

export const vpcConnector = named({
  form: /^(?:projects\/[^/]+\/locations\/[^/]+\/connectors\/)?[a-z][a-z0-9-]{0,22}[a-z0-9]$/,
  what: "a Serverless VPC Access connector's name",
  example: 'projects/my-project/locations/europe-west1/connectors/runvoy',
});

/** Cloud Scheduler's cron form: five fields. */
export const schedule = named({
  form: /^[\d*/,-]+(?: [\d*/,A-Za-z-]+){4}$/,
  what: 'a schedule of five fields',
  example: '0 * * * *',
  fallback: '0 * * * *',
});

export const metricsNamespace = named({
  form: /^[a-z][a-z0-9_-]{0,62}$/,
  what: 'lower-case letters, digits, hyphens or underscores',
  example: 'runvoy',
  fallback: 'runvoy',
});

export const environmentName = named({
  form: /^[A-Za-z0-9][\w-]{0,62}$/,
  what: '1 to 63 letters, digits, hyphens or underscores',
  example: 'production',
  fallback: 'production',
});
