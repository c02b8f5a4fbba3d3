import Type from 'typebox';
import { CountSchema, TextsSchema, TimeSchema } from './values.ts';

/** `HealthBody`. */
export const HealthSchema = Type.Object(
  {
    status: Type.Literal('ok'),
    version: Type.String({ examples: ['0.1.0'] }),
    provider: Type.String({ description: '`LOCAL` or `GCP`.', examples: ['GCP'] }),
    region: Type.Optional(Type.String({ examples: ['europe-west1'] })),
  },
  { title: 'Health' },
);

const orNull = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const SecondsSchema = Type.Number();

const IssueSchema = Type.Object(
  {
    resource_type: Type.String(),
    resource_id: Type.String(),
    severity: Type.Enum(['error', 'warning']),
    message: Type.String(),
    action: Type.Enum(['recreated', 'tag_updated', 'deleted', 'reported', 'requires_manual_intervention']),
  },
  { title: 'HealthIssue', description: 'One thing that is not as it should be.' },
);

const lanes = {
  fast: Type.Object({ runs_measured: CountSchema, lag_ms: orNull(Type.Number()) }),
  safety: Type.Object({ measured_at: orNull(TimeSchema), lag_ms: orNull(Type.Number()) }),
};

/** `HealthReport`. */
export const HealthReportSchema = Type.Object(
  {
    timestamp: TimeSchema,
    compute_status: Type.Object({
      total_resources: CountSchema,
      verified_count: CountSchema,
      recreated_count: CountSchema,
      tag_updated_count: CountSchema,
      orphaned_count: CountSchema,
      orphaned_resources: TextsSchema,
    }),
    secrets_status: Type.Object({
      total_secrets: CountSchema,
      verified_count: CountSchema,
      tag_updated_count: CountSchema,
      missing_count: CountSchema,
      orphaned_count: CountSchema,
      orphaned_parameters: TextsSchema,
      resealed_count: CountSchema,
      unresealed_count: CountSchema,
    }),
    identity_status: Type.Object({
      default_roles_verified: Type.Boolean(),
      custom_roles_verified: CountSchema,
      custom_roles_total: CountSchema,
      missing_roles: TextsSchema,
    }),
    authorizer_status: Type.Object({
      users_with_invalid_roles: TextsSchema,
      users_with_missing_roles: TextsSchema,
      resources_with_missing_owners: TextsSchema,
      orphaned_ownerships: TextsSchema,
      missing_ownerships: TextsSchema,
      total_users_checked: CountSchema,
      total_resources_checked: CountSchema,
    }),
    issues: Type.Array(IssueSchema),
    reconciled_count: CountSchema,
    error_count: CountSchema,
    trigger: Type.Enum(['schedule', 'request']),
    runs_status: Type.Object({ unfinished: CountSchema, stuck: TextsSchema, unrecorded: TextsSchema }),
    sweep_status: Type.Object({
      listed: CountSchema,
      looked: CountSchema,
      failed: CountSchema,
      complete: Type.Boolean({ description: 'False: the budget was spent; the next one goes on where it stopped.' }),
    }),
    ticks_status: Type.Object({
      last_tick_at: orNull(TimeSchema),
      tick_age_seconds: orNull(SecondsSchema),
      last_sweep_at: orNull(TimeSchema),
      sweep_age_seconds: orNull(SecondsSchema),
    }),
    topics_status: Type.Object({ waiting_events: CountSchema, oldest_waiting_seconds: orNull(SecondsSchema) }),
    dead_letters_status: Type.Object({ count: orNull(CountSchema) }),
    log_lanes_status: Type.Object(lanes),
    unchecked: Type.Array(Type.Object({ what: Type.String(), why: Type.String() }), {
      description: 'What the report does not know, and why.',
    }),
  },
  { title: 'HealthReport' },
);

/** `HealthReportAnswer`. */
export const HealthReportAnswerSchema = Type.Object(
  { status: Type.Literal('ok', { description: 'The report was made, whatever it says.' }), report: HealthReportSchema },
  { title: 'HealthReportAnswer' },
);
