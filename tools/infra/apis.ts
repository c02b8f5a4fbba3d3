import type { DeploymentSettings } from './deployment-settings.ts';

/** What `infra/terraform/modules/project-services` switches on; a test compares. */
const ALWAYS = [
  'artifactregistry',
  'cloudbuild',
  'cloudresourcemanager',
  'cloudscheduler',
  'eventarc',
  'firestore',
  'iam',
  'iamcredentials',
  'logging',
  'monitoring',
  'pubsub',
  'run',
  'secretmanager',
  'serviceusage',
  'storage',
] as const;

/** What Terraform itself, its state and the first images need before Terraform switches on the others. */
const FIRST: readonly string[] = [
  'cloudresourcemanager',
  'serviceusage',
  'storage',
  'iam',
  'artifactregistry',
  'cloudbuild',
];

const full = (api: string): string => `${api}.googleapis.com`;

export const FIRST_APIS: readonly string[] = FIRST.map(full);

/** Every API that a deployment with these settings uses. */
export function apisOf({ variables }: Pick<DeploymentSettings, 'variables'>): readonly string[] {
  const has = (name: string) => variables[name] !== undefined && variables[name] !== null;
  const keys = variables['kms_stores'];
  const chosen = [
    ...(has('network') ? ['compute', 'vpcaccess'] : []),
    ...(has('load_balancer') ? ['compute'] : []),
    ...(Array.isArray(keys) && keys.length > 0 ? ['cloudkms'] : []),
    ...(variables['service_logs_in_bigquery'] === true ? ['bigquery'] : []),
    ...(has('budget') ? ['billingbudgets'] : []),
    ...(variables['observability'] === true ? ['cloudtrace', 'telemetry'] : []),
  ];
  return [...new Set([...ALWAYS, ...chosen])].map(full);
}
