import { roleTable, type RoleRow, type Scope } from '../role-table.ts';
import type { PlannedResource } from '../terraform-workspace.ts';
import { ofType, textOf, type Policy } from './planned.ts';

const GRANT = /_iam_(?:member|binding|policy)$/;
const PUBLIC_SERVICES = ['runvoy-orchestrator', 'runvoy-intake', 'runvoy-websocket'];
const EVERYBODY = ['allUsers', 'allAuthenticatedUsers'];

/** Predefined roles, and who may be given them: agents of Google's, and whoever Eventarc calls as. Nothing of ours else. */
const PREDEFINED: Readonly<Record<string, RegExp>> = {
  'roles/run.invoker': /^allUsers$/,
  'roles/eventarc.eventReceiver': /^serviceAccount:runvoy-caller@/,
  // A sink's own writer is known when the sink is made.
  'roles/pubsub.publisher': /^$|@gcp-sa-pubsub\./,
  'roles/pubsub.subscriber': /@gcp-sa-pubsub\./,
  'roles/iam.serviceAccountTokenCreator': /@gcp-sa-pubsub\./,
  'roles/logging.bucketWriter': /^$/,
  'roles/bigquery.dataEditor': /^$/,
  'roles/cloudkms.cryptoKeyEncrypterDecrypter':
    /@(?:gcp-sa-(?:secretmanager|firestore|pubsub|artifactregistry)|gs-project-accounts|bigquery-encryption)\./,
};

/** Where a role of a scope is granted, and the condition that narrows it. */
const PLACES: Readonly<
  Record<Scope, { readonly type: string; readonly on?: readonly [string, RegExp]; readonly when?: RegExp }>
> = {
  project: { type: 'google_project_iam_member' },
  database: { type: 'google_project_iam_member', when: /^resource\.name == "projects\/[\w-]+\/databases\/runvoy"$/ },
  secrets: {
    type: 'google_project_iam_member',
    when: /^resource\.name\.startsWith\("projects\/\d+\/secrets\/runvoy-secrets"\)$/,
  },
  run_logs: {
    type: 'google_project_iam_member',
    when: /^resource\.name == "projects\/[\w-]+\/locations\/[\w-]+\/buckets\/runvoy-runs\/views\/_AllLogs"$/,
  },
  job_account: {
    type: 'google_service_account_iam_member',
    on: ['service_account_id', /\/serviceAccounts\/(?!runvoy-(?!job@))/],
  },
  events_topic: { type: 'google_pubsub_topic_iam_member', on: ['topic', /^runvoy-events$/] },
  dead_letter_topic: { type: 'google_pubsub_topic_iam_member', on: ['topic', /^runvoy-events-dead-letters$/] },
  archive: { type: 'google_storage_bucket_iam_member', on: ['bucket', /-runvoy-archive$/] },
  processor: { type: 'google_cloud_run_v2_service_iam_member', on: ['name', /^runvoy-processor$/] },
};

const grantsIn = (resources: readonly PlannedResource[]) => resources.filter(({ type }) => GRANT.test(type));

/** A member is added to what others were given; a binding or a policy would take theirs away. */
const onlyMembers: Policy = (resources) =>
  grantsIn(resources).flatMap(({ address, type }) =>
    type.endsWith('_iam_member') ? [] : [`${address}: replaces what others were granted; use a member.`],
  );

const noBroadRole: Policy = (resources) =>
  grantsIn(resources).flatMap(({ address, after }) => {
    const role = textOf(after['role']);
    const isBroad = /^roles\/(?:owner|editor|viewer|browser)$/.test(role) || /admin/i.test(role);
    return isBroad ? [`${address}: ${role} is a primitive or an admin's role.`] : [];
  });

const predefinedForGoogleAlone: Policy = (resources) =>
  grantsIn(resources).flatMap(({ address, after }) => {
    const [role, member] = [textOf(after['role']), textOf(after['member'])];
    if (!role.startsWith('roles/')) return [];
    return PREDEFINED[role]?.test(member) ? [] : [`${address}: ${role} is not for ${member || 'a sink'}.`];
  });

const noKeys: Policy = (resources) =>
  ofType(resources, 'google_service_account_key').map(
    ({ address }) => `${address}: a key of an account leaves Google.`,
  );

/** Who reaches what without an identity. */
const everybodyOnlyWherePublic: Policy = (resources) => [
  ...grantsIn(resources).flatMap(({ address, type, after }) => {
    if (!EVERYBODY.includes(textOf(after['member']))) return [];
    const isPublic =
      type === 'google_cloud_run_v2_service_iam_member' && PUBLIC_SERVICES.includes(textOf(after['name']));
    return isPublic && after['member'] === 'allUsers' ? [] : [`${address}: everybody is let in.`];
  }),
  ...ofType(resources, 'google_cloud_run_v2_service').flatMap(({ address, after }) =>
    after['invoker_iam_disabled'] === true && !PUBLIC_SERVICES.includes(textOf(after['name']))
      ? [`${address}: everybody is let in.`]
      : [],
  ),
];

const rolesEqualTheTable: Policy = (resources) => {
  const shown = ({ role_id, permissions }: Pick<RoleRow, 'role_id' | 'permissions'>) =>
    `${role_id}: ${permissions.toSorted().join(' ')}`;
  const planned = ofType(resources, 'google_project_iam_custom_role').map(({ after }) =>
    shown({ role_id: textOf(after['role_id']), permissions: after['permissions'] as string[] }),
  );
  const table = roleTable().map(shown);
  return [
    ...table.flatMap((row) => (planned.includes(row) ? [] : [`The table's role is not planned as it is: ${row}`])),
    ...planned.flatMap((row) => (table.includes(row) ? [] : [`A role that the table does not have: ${row}`])),
  ];
};

/** Each role of the table is granted to its own account, where its scope says, and nowhere else. */
const grantsEqualTheTable: Policy = (resources) => {
  const custom = grantsIn(resources).filter(({ after }) => textOf(after['role']).includes('/roles/'));
  const rows = roleTable();
  const strange = custom.flatMap((grant) => {
    const row = rows.find(({ role_id }) => textOf(grant.after['role']).endsWith(`/roles/${role_id}`));
    return row !== undefined && isAsTabled(grant, row)
      ? []
      : [`${grant.address}: not as the table of permissions has it.`];
  });
  const missing = rows.flatMap(({ role_id }) =>
    custom.some(({ after }) => textOf(after['role']).endsWith(`/roles/${role_id}`))
      ? []
      : [`${role_id} is granted nowhere.`],
  );
  return [...strange, ...missing];
};

function isAsTabled({ type, after }: PlannedResource, { account, scope }: RoleRow): boolean {
  const place = PLACES[scope];
  const conditions = (after['condition'] ?? []) as readonly { readonly expression: string }[];
  const narrowed =
    place.when === undefined
      ? conditions.length === 0
      : conditions.length === 1 && place.when.test(conditions[0]!.expression);
  const [field, form] = place.on ?? [];
  const isThere = field === undefined || form!.test(textOf(after[field]));
  return type === place.type && narrowed && isThere && textOf(after['member']).startsWith(`serviceAccount:${account}@`);
}

export const grantPolicies: readonly Policy[] = [
  onlyMembers,
  noBroadRole,
  predefinedForGoogleAlone,
  noKeys,
  everybodyOnlyWherePublic,
  rolesEqualTheTable,
  grantsEqualTheTable,
];
