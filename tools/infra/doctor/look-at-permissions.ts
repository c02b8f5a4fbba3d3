import type { DeploymentSettings } from '../deployment-settings.ts';
import { refusalText, type GoogleRest } from '../google-rest.ts';
import { failed, ok, unknown, type Finding } from './finding.ts';

/** What Terraform and `apply` do in a project, and the role of Google's that brings it. Owner has all of them. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  'roles/serviceusage.serviceUsageAdmin': ['serviceusage.services.enable', 'serviceusage.services.use'],
  'roles/storage.admin': ['storage.buckets.create', 'storage.buckets.setIamPolicy', 'storage.objects.create'],
  'roles/iam.serviceAccountAdmin': ['iam.serviceAccounts.create', 'iam.serviceAccounts.setIamPolicy'],
  'roles/iam.serviceAccountUser': ['iam.serviceAccounts.actAs'],
  'roles/iam.roleAdmin': ['iam.roles.create', 'iam.roles.update'],
  'roles/resourcemanager.projectIamAdmin': ['resourcemanager.projects.setIamPolicy'],
  'roles/run.admin': [
    'run.services.create',
    'run.services.setIamPolicy',
    'run.jobs.create',
    'run.jobs.runWithOverrides',
  ],
  'roles/artifactregistry.admin': [
    'artifactregistry.repositories.create',
    'artifactregistry.repositories.setIamPolicy',
  ],
  'roles/cloudbuild.builds.editor': ['cloudbuild.builds.create'],
  'roles/secretmanager.admin': ['secretmanager.secrets.create', 'secretmanager.versions.add'],
  'roles/datastore.owner': ['datastore.databases.create', 'datastore.indexes.create'],
  'roles/pubsub.admin': ['pubsub.topics.create', 'pubsub.subscriptions.create'],
  'roles/eventarc.admin': ['eventarc.triggers.create'],
  'roles/cloudscheduler.admin': ['cloudscheduler.jobs.create'],
  'roles/logging.configWriter': ['logging.buckets.create', 'logging.sinks.create', 'logging.exclusions.create'],
  'roles/monitoring.editor': ['monitoring.alertPolicies.create', 'monitoring.dashboards.create'],
};

/** What a choice needs besides. */
const CHOSEN: readonly (readonly [string, Readonly<Record<string, readonly string[]>>])[] = [
  ['kms_stores', { 'roles/cloudkms.admin': ['cloudkms.keyRings.create', 'cloudkms.cryptoKeys.create'] }],
  [
    'network',
    {
      'roles/compute.networkAdmin': ['compute.networks.create'],
      'roles/vpcaccess.admin': ['vpcaccess.connectors.create'],
    },
  ],
  [
    'load_balancer',
    {
      'roles/compute.loadBalancerAdmin': ['compute.urlMaps.create', 'compute.backendServices.create'],
      'roles/compute.securityAdmin': ['compute.securityPolicies.create'],
    },
  ],
  ['service_logs_in_bigquery', { 'roles/bigquery.admin': ['bigquery.datasets.create'] }],
];

/** Whether whoever deploys may do what a deployment needs. */
export async function lookAtPermissions(
  google: GoogleRest,
  { project, variables }: DeploymentSettings,
): Promise<readonly Finding[]> {
  const chosen = CHOSEN.flatMap(([variable, roles]) => (isChosen(variables[variable]) ? [roles] : []));
  const needed = Object.entries(Object.assign({}, NEEDED, ...chosen) as typeof NEEDED);
  const permissions = needed.flatMap(([, some]) => some);
  const path = `v3/projects/${project}:testIamPermissions`;
  const answer = await google.ask('cloudresourcemanager.googleapis.com', path, { permissions });
  if (answer.status !== 200) {
    const fix = `Look by hand: gcloud projects get-iam-policy ${project}`;
    return [unknown('permissions', `could not be read: ${refusalText(answer)}`, fix)];
  }
  const held = new Set((answer.body['permissions'] ?? []) as readonly string[]);
  const findings = needed.flatMap(([role, some]) => {
    const missing = some.filter((permission) => !held.has(permission));
    if (missing.length === 0) return [];
    const fix = `gcloud projects add-iam-policy-binding ${project} --member user:YOU --role ${role}`;
    return [failed('permissions', `you may not ${missing.join(', ')}`, fix)];
  });
  return findings.length > 0 ? findings : [ok('permissions', `${permissions.length} of ${permissions.length} held`)];
}

function isChosen(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== false;
}
