/**
 * Who may do what on Google Cloud: for each service account the permissions of its custom role, and what they are granted
 * on. The fakes check every call against it, so a missing grant fails in a test first; Terraform's roles are made from it.
 * What Google names by predefined roles stands here by the permissions that are needed of them.
 */
export type Grant = {
  permissions: readonly string[];
  /**
   * Resource names with `{...}` for what a deployment chooses. A grant holds for the resource and everything below it;
   * `*` at the end stands for any rest of a name (an IAM condition on the prefix).
   */
  on: string;
};

/** Names of what differs from deployment to deployment. */
export type Deployment = {
  project: string;
  /** Prefix of the secrets' names: `runvoy-secrets`. */
  secretsPrefix: string;
  database: string;
  eventsTopic: string;
  logsTopic: string;
  deadLetterTopic: string;
  /** Service that only the caller account may invoke. */
  processorService: string;
  region: string;
  archiveBucket: string;
  /** Bucket of Cloud Logging that holds what runs print. */
  runLogBucket: string;
};

const PROJECT = 'projects/{project}';
const DATABASE = 'projects/{project}/databases/{database}';
const SECRETS = 'projects/{project}/secrets/{secretsPrefix}*';
const OBJECTS = 'projects/_/buckets/{archiveBucket}';

const DATASTORE_USER = [
  'datastore.databases.get',
  'datastore.entities.allocateIds',
  'datastore.entities.create',
  'datastore.entities.delete',
  'datastore.entities.get',
  'datastore.entities.list',
  'datastore.entities.update',
];

/** Start and look after runs. Operations are no children of a job, hence the project. */
const RUN_JOBS = [
  'run.jobs.create',
  'run.jobs.delete',
  'run.jobs.get',
  'run.jobs.list',
  'run.jobs.update',
  'run.jobs.run',
  'run.jobs.runWithOverrides',
  'run.executions.cancel',
  'run.executions.get',
  'run.executions.list',
  'run.tasks.get',
  'run.tasks.list',
  'run.operations.get',
];

const ACT_AS_JOB: Grant = {
  permissions: ['iam.serviceAccounts.actAs'],
  on: 'projects/{project}/serviceAccounts/{jobAccount}',
};
const READ_IMAGES: Grant = { permissions: ['artifactregistry.repositories.downloadArtifacts'], on: PROJECT };
const USE_DATABASE: Grant = { permissions: DATASTORE_USER, on: DATABASE };
/** What runs print, and no other line of the project. */
const READ_RUN_LOGS: Grant = {
  permissions: ['logging.views.access'],
  on: 'projects/{project}/locations/{region}/buckets/{runLogBucket}/views/_AllLogs',
};
const READ_SECRET_VALUES: Grant = { permissions: ['secretmanager.versions.access'], on: SECRETS };
/** Spans and numbers of their own, where telemetry is on: https://docs.cloud.google.com/iam/docs/roles-permissions/telemetry. */
const TELL: Grant = { permissions: ['telemetry.traces.write', 'monitoring.timeSeries.create'], on: PROJECT };
const KEEP_ARCHIVE: Grant = {
  permissions: ['storage.objects.create', 'storage.objects.get', 'storage.objects.list', 'storage.objects.delete'],
  on: OBJECTS,
};

/** Logs are read by whoever shows or proves them; the processor alone seals and removes them. */
const READ_ARCHIVE: Grant = { permissions: ['storage.objects.get'], on: OBJECTS };

/** Account (the part before the `@`) -> its grants. The job account holds none: bootstrap answers carry what a run needs. */
export const GRANTS = {
  'runvoy-orchestrator': [
    { permissions: RUN_JOBS, on: PROJECT },
    ACT_AS_JOB,
    READ_IMAGES,
    USE_DATABASE,
    // The secret does not exist yet when it is created: a condition on its name would refuse every creation.
    { permissions: ['secretmanager.secrets.create'], on: PROJECT },
    {
      permissions: [
        'secretmanager.secrets.delete',
        'secretmanager.secrets.get',
        'secretmanager.secrets.update',
        'secretmanager.versions.access',
        'secretmanager.versions.add',
        'secretmanager.versions.destroy',
        'secretmanager.versions.list',
      ],
      on: SECRETS,
    },
    { permissions: ['pubsub.topics.publish'], on: 'projects/{project}/topics/{eventsTopic}' },
    READ_RUN_LOGS,
    READ_ARCHIVE,
    TELL,
  ],
  'runvoy-processor': [
    { permissions: RUN_JOBS, on: PROJECT },
    ACT_AS_JOB,
    READ_IMAGES,
    USE_DATABASE,
    READ_SECRET_VALUES,
    { permissions: ['secretmanager.secrets.get'], on: SECRETS },
    { permissions: ['pubsub.topics.publish'], on: 'projects/{project}/topics/{eventsTopic}' },
    { permissions: ['pubsub.topics.publish'], on: 'projects/{project}/topics/{deadLetterTopic}' },
    { permissions: ['iam.serviceAccounts.get'], on: PROJECT },
    READ_RUN_LOGS,
    KEEP_ARCHIVE,
    TELL,
  ],
  // The runner's routes. It cancels nothing and starts nothing: what a run's container sends can do no more than that. It reads which
  // executions there are: a bootstrap is answered to none but the one that was started for the run.
  'runvoy-intake': [
    USE_DATABASE,
    READ_SECRET_VALUES,
    { permissions: ['run.executions.get', 'run.executions.list'], on: PROJECT },
    READ_ARCHIVE,
    TELL,
  ],
  // Its signing keys are a secret that Cloud Run reads for it when an instance starts.
  'runvoy-websocket': [USE_DATABASE, READ_SECRET_VALUES, READ_ARCHIVE, TELL],
  'runvoy-job': [],
  // Pub/Sub pushes, Eventarc and Scheduler come with tokens of this account.
  'runvoy-caller': [
    {
      permissions: ['run.routes.invoke'],
      on: 'projects/{project}/locations/{region}/services/{processorService}',
    },
  ],
} as const satisfies Record<string, readonly Grant[]>;

export type AccountId = keyof typeof GRANTS;

/** The address of one of these accounts in a project. */
export function accountEmail(account: AccountId, project: string): string {
  return `${account}@${project}.iam.gserviceaccount.com`;
}
