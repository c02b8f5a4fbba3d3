/** The order of one field in a query. Ids break ties, in the direction of the last field, as in Firestore. */
export interface OrderBy {
  readonly field: string;
  readonly direction: 'asc' | 'desc';
}

export interface QueryDeclaration {
  readonly collection: string;
  /** Fields compared for equality. */
  readonly equal: readonly string[];
  /** One field that holds a list of strings, of which one is asked for (Firestore's `array-contains`). */
  readonly contains?: string;
  /** One field that may have any of several values (Firestore's `in`, at most 30). */
  readonly oneOf?: string;
  readonly order: readonly OrderBy[];
}

export interface CollectionDeclaration {
  /** The number field (ms since the epoch) after which a record may disappear. */
  readonly expires?: string;
  /** The one field that holds bytes. Never indexed. */
  readonly bytes?: string;
  /** Version of the shape; data newer than the code is refused at start. */
  readonly version: number;
}

/** Every collection there is. Nothing is indexed but what a query below names. */
export const COLLECTIONS = {
  'api-keys': { version: 1, expires: 'delete_at_ms' },
  claims: { version: 1, expires: 'delete_at_ms' },
  users: { version: 1 },
  executions: { version: 1 },
  'run-inputs': { version: 1, bytes: 'sealed', expires: 'delete_at_ms' },
  'log-chunks': { version: 1, bytes: 'body' },
  'log-segments': { version: 1 },
  images: { version: 1 },
  secrets: { version: 1, bytes: 'sealed' },
  idempotency: { version: 1, bytes: 'sealed', expires: 'delete_at_ms' },
  outbox: { version: 1 },
  'dead-letters': { version: 1, bytes: 'event', expires: 'delete_at_ms' },
  'platform-notes': { version: 1, expires: 'delete_at_ms' },
  audit: { version: 1 },
  playbooks: { version: 1 },
  'playbook-versions': { version: 1 },
  settings: { version: 1 },
} as const satisfies Record<string, CollectionDeclaration>;

export type CollectionName = keyof typeof COLLECTIONS;

/**
 * Every query there is. Both providers refuse any other; Firestore's composite indexes are generated from this table,
 * because the emulator never asks for one and a missing index would first show in production.
 */
export const QUERIES = {
  executionsNewestFirst: {
    collection: 'executions',
    equal: [],
    order: [{ field: 'started_at_ms', direction: 'desc' }],
  },
  executionsByStatus: {
    collection: 'executions',
    equal: [],
    oneOf: 'status',
    order: [{ field: 'started_at_ms', direction: 'desc' }],
  },
  executionsOfUser: {
    collection: 'executions',
    equal: ['created_by'],
    order: [{ field: 'started_at_ms', direction: 'desc' }],
  },
  /** One image may be registered more than once: a reference is several ids. */
  executionsOfImages: {
    collection: 'executions',
    equal: [],
    oneOf: 'image_id',
    order: [{ field: 'started_at_ms', direction: 'desc' }],
  },
  /** As `key=value`. A run without labels has no such field and costs this index nothing. */
  executionsWithLabel: {
    collection: 'executions',
    equal: [],
    contains: 'label_pairs',
    order: [{ field: 'started_at_ms', direction: 'desc' }],
  },
  executionsOfRequest: {
    collection: 'executions',
    equal: [],
    contains: 'request_ids',
    order: [{ field: 'started_at_ms', direction: 'desc' }],
  },
  /** `unfinished` is true until the terminal transaction, so the tick's cost never grows with history. */
  executionsUnfinished: {
    collection: 'executions',
    equal: ['unfinished'],
    order: [{ field: 'started_at_ms', direction: 'asc' }],
  },
  /** `waiting` is there only while a run waits for a slot: others are in no such index. */
  executionsWaitingOfUser: {
    collection: 'executions',
    equal: ['waiting', 'created_by'],
    order: [{ field: 'started_at_ms', direction: 'asc' }],
  },
  /** `archive_due_at_ms` is there while the archiver has something to do for a run that ended: others are in no such index. */
  executionsArchiveDue: {
    collection: 'executions',
    equal: [],
    order: [{ field: 'archive_due_at_ms', direction: 'asc' }],
  },
  /** `log_since_ms` is there from a run's end until nothing is left of its log. */
  executionsByLogAge: {
    collection: 'executions',
    equal: [],
    order: [{ field: 'log_since_ms', direction: 'asc' }],
  },
  chunksInOrder: {
    collection: 'log-chunks',
    equal: ['execution_id'],
    order: [{ field: 'through', direction: 'asc' }],
  },
  chunksBackwards: {
    collection: 'log-chunks',
    equal: ['execution_id'],
    order: [{ field: 'through', direction: 'desc' }],
  },
  segmentsInOrder: {
    collection: 'log-segments',
    equal: ['execution_id'],
    order: [{ field: 'through', direction: 'asc' }],
  },
  segmentsBackwards: {
    collection: 'log-segments',
    equal: ['execution_id'],
    order: [{ field: 'through', direction: 'desc' }],
  },
  keysOfUser: {
    collection: 'api-keys',
    equal: ['user_email'],
    order: [{ field: 'created_at_ms', direction: 'asc' }],
  },
  usersByEmail: { collection: 'users', equal: [], order: [{ field: 'email', direction: 'asc' }] },
  imagesByReference: {
    collection: 'images',
    equal: [],
    order: [{ field: 'image', direction: 'asc' }],
  },
  secretsByName: { collection: 'secrets', equal: [], order: [{ field: 'name', direction: 'asc' }] },
  auditNewestFirst: { collection: 'audit', equal: [], order: [{ field: 'at_ms', direction: 'desc' }] },
  auditBySubject: { collection: 'audit', equal: ['subject'], order: [{ field: 'at_ms', direction: 'desc' }] },
  auditByUser: { collection: 'audit', equal: ['by'], order: [{ field: 'at_ms', direction: 'desc' }] },
  auditByAction: { collection: 'audit', equal: ['action'], order: [{ field: 'at_ms', direction: 'desc' }] },
  auditOfRequest: { collection: 'audit', equal: ['request_id'], order: [{ field: 'at_ms', direction: 'asc' }] },
  /** `listed` is there until a playbook is deleted: its record stays, so that no number of a version is given twice. */
  playbooksByName: { collection: 'playbooks', equal: ['listed'], order: [{ field: 'name', direction: 'asc' }] },
  versionsOfPlaybook: {
    collection: 'playbook-versions',
    equal: ['name'],
    order: [{ field: 'version', direction: 'desc' }],
  },
  outboxOldestFirst: {
    collection: 'outbox',
    equal: [],
    order: [{ field: 'created_at_ms', direction: 'asc' }],
  },
  deadLettersByState: {
    collection: 'dead-letters',
    equal: ['state'],
    order: [{ field: 'died_at_ms', direction: 'asc' }],
  },
} as const satisfies Record<string, QueryDeclaration & { readonly collection: CollectionName }>;

export type QueryName = keyof typeof QUERIES;
