import {
  DEPLOYMENT_LIMITS,
  isEmail,
  LOG_BACKPRESSURES,
  LOG_LIMIT_POLICIES,
  readPrices,
  type SigningKeys,
} from '@runvoy/core';
import { LIMITS } from '@runvoy/protocol';
import { LOG_LEVELS } from '@runvoy/runtime/logger';
import {
  flag,
  integer,
  integers,
  list,
  oneOf,
  optionalJson,
  text,
  type ConfigField,
  type ConfigOf,
} from '@runvoy/runtime/read-config';
import { optionalEndpoint, serviceUrl } from './endpoint.ts';
import {
  artifactRepository,
  bucket,
  collectionPrefix,
  databaseId,
  environmentName,
  imageReference,
  kmsKey,
  logView,
  metricsNamespace,
  optionally,
  projectId,
  region,
  schedule,
  secretsPrefix,
  serviceAccount,
  serviceAccounts,
  serviceId,
  topicId,
  vpcConnector,
} from './google-names.ts';
import { jobRuntime } from './job-runtime.ts';
import { readSigningKeys, SigningKeyProblem } from '../signing-keys.ts';

const signingKeys: ConfigField<SigningKeys> = (variable, value) => {
  if (value === undefined) {
    return { problem: `${variable} is not set. Example: ${variable}=k1:$(openssl rand -hex 32)` };
  }
  try {
    return { value: readSigningKeys(value) };
  } catch (error) {
    if (!(error instanceof SigningKeyProblem)) throw error;
    return { problem: error.message };
  }
};

const email: ConfigField<string> = (variable, value = '') =>
  isEmail(value)
    ? { value }
    : { problem: `${variable} must be an e-mail address such as you@example.com; got "${value}".` };

/** A run's timeout is a part of its task's, which Cloud Run ends at 168 h (`taskTimeoutS`): start, longest grace and a minute more. */
const LONGEST_RUN_S = LIMITS.timeoutMaxS - 600 - LIMITS.graceMaxMs / 1000 - 60;

/** Every variable there is; `docs/config.md` lists the same, and a test compares the two. */
export const GCP_VARIABLES = {
  provider: ['RUNVOY_BACKEND_PROVIDER', oneOf(['gcp'], 'gcp')],
  port: ['PORT', integer({ fallback: 8080, min: 0, max: 65_535 })],
  host: ['RUNVOY_HOST', text({ fallback: '0.0.0.0' })],
  project: ['RUNVOY_GCP_PROJECT_ID', projectId],
  region: ['RUNVOY_GCP_REGION', region],
  environment: ['RUNVOY_ENVIRONMENT', environmentName],
  logLevel: ['RUNVOY_LOG_LEVEL', oneOf(LOG_LEVELS, 'info')],
  signingKeys: ['RUNVOY_SIGNING_KEY', signingKeys],

  orchestratorService: ['RUNVOY_GCP_ORCHESTRATOR_SERVICE', serviceId('runvoy-orchestrator')],
  processorService: ['RUNVOY_GCP_PROCESSOR_SERVICE', serviceId('runvoy-processor')],
  intakeService: ['RUNVOY_GCP_INTAKE_SERVICE', serviceId('runvoy-intake')],
  websocketService: ['RUNVOY_GCP_WEBSOCKET_SERVICE', serviceId('runvoy-websocket')],
  processorRoutes: ['RUNVOY_PROCESSOR_ROUTES', oneOf(['events', 'runner'], 'events')],
  intakeUrl: ['RUNVOY_INTAKE_URL', serviceUrl('https', 'https://runvoy-intake-123456789.europe-west1.run.app')],
  processorUrl: [
    'RUNVOY_PROCESSOR_URL',
    serviceUrl('https', 'https://runvoy-processor-123456789.europe-west1.run.app'),
  ],
  websocketUrl: ['RUNVOY_WEBSOCKET_URL', serviceUrl('wss', 'wss://runvoy-websocket-123456789.europe-west1.run.app')],
  webUrl: ['RUNVOY_WEB_URL', optionally(serviceUrl('https', 'https://runvoy.example.com'))],
  allowedOrigins: ['RUNVOY_CORS_ALLOWED_ORIGINS', list],
  adminEmail: ['RUNVOY_ADMIN_EMAIL', optionally(email)],
  callerServiceAccount: ['RUNVOY_GCP_CALLER_SERVICE_ACCOUNT', serviceAccount('runvoy-caller')],
  callerCheck: ['RUNVOY_GCP_CALLER_CHECK', oneOf(['signature', 'iam'], 'signature')],

  firestoreDatabase: ['RUNVOY_GCP_FIRESTORE_DATABASE', databaseId],
  firestoreCollectionPrefix: ['RUNVOY_GCP_FIRESTORE_COLLECTION_PREFIX', collectionPrefix],
  archiveBucket: ['RUNVOY_GCP_ARCHIVE_BUCKET', optionally(bucket)],
  secretsPrefix: ['RUNVOY_GCP_SECRETS_PREFIX', secretsPrefix],
  secretsKmsKey: ['RUNVOY_GCP_SECRETS_KMS_KEY', optionally(kmsKey)],
  eventsTopic: ['RUNVOY_GCP_EVENTARC_TOPIC', topicId('runvoy-events')],
  logsTopic: ['RUNVOY_GCP_PUBSUB_LOGS_TOPIC', topicId('runvoy-logs')],
  logView: ['RUNVOY_GCP_LOG_VIEW', optionally(logView)],
  healthReconcileSchedule: ['RUNVOY_GCP_HEALTH_RECONCILE_SCHEDULE', schedule],

  jobDefaultRegion: ['RUNVOY_GCP_JOB_DEFAULT_REGION', optionally(region)],
  jobDefaultServiceAccount: ['RUNVOY_GCP_JOB_DEFAULT_SERVICE_ACCOUNT', serviceAccount('runvoy-job')],
  jobServiceAccounts: ['RUNVOY_GCP_JOB_SERVICE_ACCOUNTS', serviceAccounts],
  jobDefaultImage: ['RUNVOY_GCP_JOB_DEFAULT_RUNTIME', jobRuntime],
  sidecarImage: ['RUNVOY_GCP_SIDECAR_IMAGE', imageReference],
  ...integers(DEPLOYMENT_LIMITS, {
    timeoutDefaultS: { max: LONGEST_RUN_S },
    timeoutMaxS: { fallback: LONGEST_RUN_S, max: LONGEST_RUN_S },
    // An image of some gigabytes is pulled in minutes, and a job that the region has no room for waits.
    startTimeoutS: { fallback: 600 },
    // The public may reach it, and each request is billed.
    rateLimit: { fallback: 1_000 },
    // Cloud Run's own front end.
    trustedProxyHops: { fallback: 1 },
  }),
  logLimitPolicy: ['RUNVOY_LOG_LIMIT_POLICY', oneOf(LOG_LIMIT_POLICIES, 'stop')],
  // What waits there is in memory, and the lane has its rate whatever waits.
  logBackpressure: ['RUNVOY_LOG_BACKPRESSURE', oneOf(LOG_BACKPRESSURES, 'slow')],

  prices: ['RUNVOY_PRICES', optionalJson(readPrices)],

  artifactRegistryRepo: ['RUNVOY_GCP_ARTIFACT_REGISTRY_REPO', optionally(artifactRepository)],
  vpcConnector: ['RUNVOY_GCP_VPC_CONNECTOR', optionally(vpcConnector)],
  vpcEgress: ['RUNVOY_GCP_VPC_EGRESS', optionally(oneOf(['all-traffic', 'private-ranges-only'], 'all-traffic'))],
  accessLog: ['RUNVOY_ACCESS_LOG', flag(true)],
  observabilityEnabled: ['RUNVOY_GCP_OBSERVABILITY_ENABLED', flag(false)],
  metricsNamespace: ['RUNVOY_GCP_METRICS_NAMESPACE', metricsNamespace],

  firestoreEndpoint: ['FIRESTORE_EMULATOR_HOST', optionalEndpoint],
  pubsubEndpoint: ['PUBSUB_EMULATOR_HOST', optionalEndpoint],
  storageEndpoint: ['STORAGE_EMULATOR_HOST', optionalEndpoint],
  runEndpoint: ['RUNVOY_GCP_ENDPOINT_RUN', optionalEndpoint],
  secretManagerEndpoint: ['RUNVOY_GCP_ENDPOINT_SECRETMANAGER', optionalEndpoint],
  schedulerEndpoint: ['RUNVOY_GCP_ENDPOINT_SCHEDULER', optionalEndpoint],
  loggingEndpoint: ['RUNVOY_GCP_ENDPOINT_LOGGING', optionalEndpoint],
  iamEndpoint: ['RUNVOY_GCP_ENDPOINT_IAM', optionalEndpoint],
  certsEndpoint: ['RUNVOY_GCP_ENDPOINT_CERTS', optionalEndpoint],
  insecureEndpoints: ['RUNVOY_GCP_INSECURE_ENDPOINTS', flag(false)],
} as const;

/** What is read before the defaults that follow from other variables. */
export type GcpVariables = ConfigOf<typeof GCP_VARIABLES>;
