import { firestoreTable } from '../firestore-table.ts';
import { blocksIn, each, ofType, textOf, type Policy } from './planned.ts';

const privateBucket = each(
  'google_storage_bucket',
  (after) => after['public_access_prevention'] === 'enforced' && after['uniform_bucket_level_access'] === true,
  'may be made public.',
);

const keptBucket = each(
  'google_storage_bucket',
  (after) => after['force_destroy'] === false,
  'goes with all it holds.',
);
const keptSecret = each(
  'google_secret_manager_secret',
  (after) => after['deletion_protection'] === true,
  'may be deleted.',
);
const keptDataset = each(
  'google_bigquery_dataset',
  (after) => after['delete_contents_on_destroy'] === false,
  'goes with all it holds.',
);

const keptDatabase = each(
  'google_firestore_database',
  (after) =>
    after['delete_protection_state'] === 'DELETE_PROTECTION_ENABLED' &&
    after['deletion_policy'] === 'ABANDON' &&
    after['point_in_time_recovery_enablement'] === 'POINT_IN_TIME_RECOVERY_ENABLED',
  'may be deleted, or has no point in time to come back to.',
);

const backedUp: Policy = (resources) =>
  ofType(resources, 'google_firestore_backup_schedule').some(
    ({ after }) => blocksIn(after, 'daily_recurrence').length === 1,
  )
    ? []
    : ['No daily backup is made of the database.'];

interface IndexedField {
  readonly field_path?: unknown;
  readonly order?: unknown;
  readonly array_config?: unknown;
}

/** What Terraform makes of the declared queries, against the declared queries. */
const indexesEqualTheQueries: Policy = (resources) => {
  const wanted = firestoreTable();
  const difference = (what: string, planned: readonly string[], declared: readonly string[]) => [
    ...declared.flatMap((row) => (planned.includes(row) ? [] : [`Missing ${what}: ${row}`])),
    ...planned.flatMap((row) => (declared.includes(row) ? [] : [`Undeclared ${what}: ${row}`])),
  ];
  const order = (fields: readonly IndexedField[]) =>
    fields.map((field) => `${textOf(field.field_path)} ${textOf(field.order ?? field.array_config)}`).join(', ');
  const indexes = ofType(resources, 'google_firestore_index').map(
    ({ after }) => `${textOf(after['collection'])}: ${order(blocksIn(after, 'fields'))}`,
  );
  const fields = ofType(resources, 'google_firestore_field').map(({ after }) => {
    const own = blocksIn(blocksIn(after, 'index_config')[0] ?? {}, 'indexes').map((index) => textOf(index['order']));
    const ttl = blocksIn(after, 'ttl_config').length > 0;
    return `${textOf(after['collection'])}.${textOf(after['field'])}: ${own.toSorted().join(' ')}${ttl ? ' ttl' : ''}`;
  });
  return [
    ...difference(
      'index',
      indexes,
      wanted.indexes.map((index) => `runvoy-${index.collection}: ${order(index.fields)}`),
    ),
    ...difference(
      'field',
      fields,
      wanted.fields.map(
        ({ collection, field, orders, ttl }) =>
          `runvoy-${collection}.${field}: ${orders.toSorted().join(' ')}${ttl ? ' ttl' : ''}`,
      ),
    ),
  ];
};

export const dataPolicies: readonly Policy[] = [
  privateBucket,
  keptBucket,
  keptSecret,
  keptDataset,
  keptDatabase,
  backedUp,
  indexesEqualTheQueries,
];
