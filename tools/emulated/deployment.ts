import { randomBytes } from 'node:crypto';

export const REGION = 'europe-west1';
export const ADMIN_EMAIL = 'admin@example.com';

/** Names of a deployment, as Terraform would give them. Everything of it is in its project, so that two never meet. */
export interface Deployment {
  readonly project: string;
  readonly sidecarImage: string;
  readonly accounts: Readonly<Record<Role | 'caller' | 'job', string>>;
}

export function deploymentIn(project: string): Deployment {
  const account = (name: string) => `${name}@${project}.iam.gserviceaccount.com`;
  return {
    project,
    sidecarImage: `${REGION}-docker.pkg.dev/${project}/runvoy/sidecar:emulated`,
    accounts: {
      orchestrator: account('runvoy-orchestrator'),
      processor: account('runvoy-processor'),
      intake: account('runvoy-intake'),
      websocket: account('runvoy-websocket'),
      caller: account('runvoy-caller'),
      job: account('runvoy-job'),
    },
  };
}

export const TOPICS = {
  events: 'runvoy-events',
  logs: 'runvoy-logs',
  deadLetters: 'runvoy-events-dead-letters',
} as const;

/** Bucket of Cloud Logging that holds what runs print. */
export const RUN_LOG_BUCKET = 'runvoy-runs';

/** When the platform's lists are compared with the records. */
export const RECONCILE_SCHEDULE = '0 * * * *';

export const ROLES = ['orchestrator', 'processor', 'intake', 'websocket'] as const;

export type Role = (typeof ROLES)[number];

/** `host:port` of everything that stands for Google. */
export interface Endpoints {
  readonly firestore: string;
  readonly pubsub: string;
  readonly run: string;
  readonly secretManager: string;
  readonly logging: string;
  readonly storage: string;
  readonly scheduler: string;
  readonly certs: string;
  readonly iam: string;
  /** The metadata server that gives a process its identity. */
  readonly metadata: string;
}

/** Public URL of each service, without a path. */
export type Urls = Readonly<Record<Role, string>>;

/** A key that lives as long as the deployment. */
export const newSigningKey = (): string => `k1:${randomBytes(32).toString('hex')}`;

/** What every service is told: one set of variables, as Terraform sets it. */
export function environmentOf(
  { project, accounts, sidecarImage }: Deployment,
  role: Role,
  about: {
    readonly endpoints: Endpoints;
    readonly urls: Urls;
    readonly signingKey: string;
    /** Where the console is; at the API's own address unless told. */
    readonly webUrl?: string | undefined;
  },
): Record<string, string> {
  const { endpoints, urls, signingKey, webUrl = urls.orchestrator } = about;
  return {
    RUNVOY_BACKEND_PROVIDER: 'gcp',
    RUNVOY_GCP_PROJECT_ID: project,
    RUNVOY_GCP_REGION: REGION,
    RUNVOY_ENVIRONMENT: 'emulated',
    RUNVOY_SIGNING_KEY: signingKey,
    RUNVOY_ADMIN_EMAIL: ADMIN_EMAIL,
    // Tests ask more often than anybody would.
    RUNVOY_RATE_LIMIT: '100000',
    RUNVOY_GCP_SECRETS_KMS_KEY: `projects/${project}/locations/global/keyRings/runvoy/cryptoKeys/secrets`,
    RUNVOY_GCP_CALLER_SERVICE_ACCOUNT: accounts.caller,
    RUNVOY_GCP_JOB_DEFAULT_SERVICE_ACCOUNT: accounts.job,
    RUNVOY_GCP_JOB_DEFAULT_RUNTIME: 'python313',
    RUNVOY_GCP_HEALTH_RECONCILE_SCHEDULE: RECONCILE_SCHEDULE,
    RUNVOY_GCP_LOG_VIEW: `projects/${project}/locations/${REGION}/buckets/${RUN_LOG_BUCKET}/views/_AllLogs`,
    RUNVOY_GCP_SIDECAR_IMAGE: sidecarImage,
    RUNVOY_PROCESSOR_ROUTES: role === 'intake' ? 'runner' : 'events',
    // Nobody but the front end has checked who calls a public service.
    RUNVOY_GCP_CALLER_CHECK: role === 'processor' ? 'iam' : 'signature',
    RUNVOY_INTAKE_URL: urls.intake,
    RUNVOY_PROCESSOR_URL: urls.processor,
    RUNVOY_WEBSOCKET_URL: urls.websocket.replace(/^http/, 'ws'),
    RUNVOY_WEB_URL: webUrl,
    FIRESTORE_EMULATOR_HOST: endpoints.firestore,
    PUBSUB_EMULATOR_HOST: endpoints.pubsub,
    STORAGE_EMULATOR_HOST: endpoints.storage,
    RUNVOY_GCP_ENDPOINT_RUN: endpoints.run,
    RUNVOY_GCP_ENDPOINT_SECRETMANAGER: endpoints.secretManager,
    RUNVOY_GCP_ENDPOINT_LOGGING: endpoints.logging,
    RUNVOY_GCP_ENDPOINT_SCHEDULER: endpoints.scheduler,
    RUNVOY_GCP_ENDPOINT_CERTS: endpoints.certs,
    RUNVOY_GCP_ENDPOINT_IAM: endpoints.iam,
    GCE_METADATA_HOST: endpoints.metadata,
  };
}
