import type { PlannedResource } from '../../terraform/terraform-workspace.ts';

type Plan = readonly PlannedResource[];
type Body = Record<string, unknown>;

/** Changes what is planned of the first resource whose address ends so. */
const change = (end: string, how: (after: Body) => void) => (plan: Plan) => {
  const found = plan.find(({ address }) => address.endsWith(end));
  if (!found) throw new Error(`Nothing planned ends with ${end}.`);
  how(found.after);
  return plan;
};
const set = (end: string, values: Body) => change(end, (after) => void Object.assign(after, values));
const add = (type: string, after: Body) => (plan: Plan) => [
  ...plan,
  { address: `${type}.planted`, type, name: 'planted', after, after_unknown: {} },
];
const without = (end: string) => (plan: Plan) => plan.filter(({ address }) => !address.endsWith(end));
const container = (after: Body) => (after['template'] as { containers: Body[] }[])[0]!.containers[0]!;

const ORCHESTRATOR = 'google_cloud_run_v2_service.runvoy["orchestrator"]';
const LOGS_PUSH = 'google_pubsub_subscription.push["logs"]';
const BUCKET = 'google_storage_bucket.archive';
const DATABASE = 'google_firestore_database.runvoy';

/** What somebody may plan by mistake, and a word of the policy that it breaks. */
export const PLANTS: readonly [string, (plan: Plan) => Plan, string][] = [
  ['an editor', add('google_project_iam_member', { role: 'roles/editor', member: 'user:a@example.com' }), 'primitive'],
  ['an admin of Cloud Run', add('google_project_iam_member', { role: 'roles/run.admin' }), "an admin's role"],
  [
    'a role of Google’s for a service of ours',
    add('google_project_iam_member', { role: 'roles/pubsub.publisher', member: 'serviceAccount:runvoy-job@p.iam' }),
    'is not for',
  ],
  ['a binding', add('google_pubsub_topic_iam_binding', { role: 'roles/pubsub.publisher' }), 'replaces'],
  ['a key of an account', add('google_service_account_key', {}), 'leaves Google'],
  [
    'everybody at the processor',
    add('google_cloud_run_v2_service_iam_member', {
      name: 'runvoy-processor',
      role: 'roles/run.invoker',
      member: 'allUsers',
    }),
    'everybody',
  ],
  [
    'no check at the processor',
    set('google_cloud_run_v2_service.runvoy["processor"]', { invoker_iam_disabled: true }),
    'everybody',
  ],
  [
    'one permission more',
    change('google_project_iam_custom_role.runvoy["runvoyWebsocketDatabase"]', (after) =>
      (after['permissions'] as string[]).push('datastore.databases.delete'),
    ),
    'the table does not have',
  ],
  ['one role less', without('google_project_iam_custom_role.runvoy["runvoyIntakeSecrets"]'), 'not planned as it is'],
  ['one grant less', without('google_project_iam_member.own["runvoyIntakeSecrets"]'), 'granted nowhere'],
  [
    'secrets without their condition',
    set('google_project_iam_member.own["runvoyIntakeSecrets"]', { condition: [] }),
    'not as the table',
  ],
  [
    'a grant to the jobs',
    set('google_project_iam_member.own["runvoyIntakeSecrets"]', { member: 'serviceAccount:runvoy-job@p.iam' }),
    'not as the table',
  ],
  [
    'a service without a limit of memory',
    change(ORCHESTRATOR, (after) => void (container(after)['resources'] = [{ limits: { cpu: '1' } }])),
    'no limit',
  ],
  [
    'a live view that is cut after five minutes',
    change('google_cloud_run_v2_service.runvoy["websocket"]', (after) =>
      Object.assign((after['template'] as Body[])[0]!, { timeout: '300s' }),
    ),
    'timeout',
  ],
  [
    'a signing key in plain',
    change(ORCHESTRATOR, (after) => void (container(after)['env'] = [{ name: 'RUNVOY_SIGNING_KEY', value: 'k1:ab' }])),
    'does not come from its secret',
  ],
  [
    'a cache before the API',
    add('google_compute_backend_service', { name: 'runvoy-orchestrator', enable_cdn: true }),
    'keeps answers in a cache',
  ],
  [
    'a cache that asks nobody for how long',
    add('google_compute_backend_service', {
      name: 'runvoy-assets',
      enable_cdn: true,
      cdn_policy: [{ cache_mode: 'FORCE_CACHE_ALL' }],
    }),
    'keeps answers in a cache',
  ],
  ['the value of a secret', add('google_secret_manager_secret_version', { secret_data: 'x' }), 'in the state'],
  ['a service that may be deleted', set(ORCHESTRATOR, { deletion_protection: false }), 'may be deleted'],
  ['a bucket that may be public', set(BUCKET, { public_access_prevention: 'inherited' }), 'made public'],
  ['a bucket that goes with its blobs', set(BUCKET, { force_destroy: true }), 'all it holds'],
  [
    'a database that may be deleted',
    set(DATABASE, { delete_protection_state: 'DELETE_PROTECTION_DISABLED' }),
    'deleted',
  ],
  ['no daily backup', without('google_firestore_backup_schedule.daily'), 'daily backup'],
  [
    'one index less',
    without('google_firestore_index.declared["log-chunks/execution_id:ASCENDING/through:ASCENDING"]'),
    'Missing index',
  ],
  [
    'an index of a list’s items that orders them instead',
    (plan) => {
      const fields = plan.flatMap(({ type, after }) =>
        type === 'google_firestore_index' ? (after['fields'] as Body[]) : [],
      );
      Object.assign(
        fields.find(({ array_config }) => array_config === 'CONTAINS')!,
        { array_config: null, order: 'ASCENDING' },
      );
      return plan;
    },
    'Missing index',
  ],
  ['one exemption less', without('google_firestore_field.declared["log-chunks/*"]'), 'Missing field'],
  [
    'an index nobody declared',
    add('google_firestore_index', { collection: 'runvoy-users', fields: [] }),
    'Undeclared index',
  ],
  ['a push without dead letters', set(LOGS_PUSH, { dead_letter_policy: [] }), 'nobody can carry out'],
  ['a topic that nobody takes from', add('google_pubsub_topic', { name: 'runvoy-more' }), 'nobody takes'],
  [
    'a push to somebody else',
    set(LOGS_PUSH, { push_config: [{ push_endpoint: 'https://example.com/events' }] }),
    'not pushed to the processor',
  ],
  [
    'a sink that catches our own services',
    set('google_logging_project_sink.push["logs"]', { filter: 'resource.type="cloud_run_revision"' }),
    'not the filter',
  ],
  ['run logs among all others', without('google_logging_project_exclusion.runs'), '_Default'],
  ['no tick', without('google_cloud_scheduler_job.processor["tick"]'), 'ticks'],
];
