/** `GET /api/v1/health`, without a key. */
export interface HealthBody {
  readonly status: 'ok';
  readonly version: string;
  readonly provider: string;
  readonly region?: string;
}

export type HealthSeverity = 'error' | 'warning';

/** What was done about an issue. `deleted` is ours; the others are runvoy's words. */
export type HealthAction = 'recreated' | 'tag_updated' | 'deleted' | 'reported' | 'requires_manual_intervention';

/** One thing that is not as it should be. `docs/health.md` has a row for each kind. */
export interface HealthIssue {
  readonly resource_type: string;
  readonly resource_id: string;
  readonly severity: HealthSeverity;
  readonly message: string;
  readonly action: HealthAction;
}

/** What the report does not know, and why: nothing is said about it, good or bad. */
export interface Unchecked {
  readonly what: string;
  readonly why: string;
}

/** What runs are started from: Cloud Run Jobs of image profiles; locally images. */
export interface ComputeStatus {
  readonly total_resources: number;
  readonly verified_count: number;
  readonly recreated_count: number;
  readonly tag_updated_count: number;
  readonly orphaned_count: number;
  readonly orphaned_resources: readonly string[];
}

/** The keys that values are sealed and messages are signed with, by name and never by value. */
export interface SecretsStatus {
  readonly total_secrets: number;
  readonly verified_count: number;
  readonly tag_updated_count: number;
  readonly missing_count: number;
  readonly orphaned_count: number;
  readonly orphaned_parameters: readonly string[];
  /** How many values were sealed with the current key instead of an older one, and how many still wait for that. */
  readonly resealed_count: number;
  readonly unresealed_count: number;
}

/** Whom jobs run as; locally whom the files belong to. */
export interface IdentityStatus {
  readonly default_roles_verified: boolean;
  readonly custom_roles_verified: number;
  readonly custom_roles_total: number;
  readonly missing_roles: readonly string[];
}

/** Who may do what, as the records say it. */
export interface AuthorizerStatus {
  readonly users_with_invalid_roles: readonly string[];
  readonly users_with_missing_roles: readonly string[];
  readonly resources_with_missing_owners: readonly string[];
  /** `<resource> -> <email>` */
  readonly orphaned_ownerships: readonly string[];
  readonly missing_ownerships: readonly string[];
  readonly total_users_checked: number;
  readonly total_resources_checked: number;
}

/** Runs that have not ended. */
export interface RunsStatus {
  readonly unfinished: number;
  /** Unfinished past the time by which every run is over. */
  readonly stuck: readonly string[];
  /** On the platform, and in no record. */
  readonly unrecorded: readonly string[];
}

/** How far the comparison of the platform's list with the records has come. */
export interface SweepStatus {
  readonly listed: number;
  readonly looked: number;
  readonly failed: number;
  /** False: the budget was spent; the next one goes on where it stopped. */
  readonly complete: boolean;
}

/** Times are RFC 3339; null means that it never was. */
export interface TicksStatus {
  readonly last_tick_at: string | null;
  readonly tick_age_seconds: number | null;
  readonly last_sweep_at: string | null;
  readonly sweep_age_seconds: number | null;
}

export interface TopicsStatus {
  /** Events that are stored and not yet published; counted up to 100. */
  readonly waiting_events: number;
  readonly oldest_waiting_seconds: number | null;
}

export interface DeadLettersStatus {
  /** null: they could not be counted, see `unchecked`. */
  readonly count: number | null;
}

/** How long lines took. null: nothing was there to measure. */
export interface LogLanesStatus {
  /** From the last line of the newest stored batch of each running run to that batch's storing; the longest of them. */
  readonly fast: { readonly runs_measured: number; readonly lag_ms: number | null };
  /** From the platform's log to the store, of the newest line that the safety lane brought. */
  readonly safety: { readonly measured_at: string | null; readonly lag_ms: number | null };
}

/** runvoy's report, and below it what is ours. All arrays are present. */
export interface HealthReport {
  readonly timestamp: string;
  readonly compute_status: ComputeStatus;
  readonly secrets_status: SecretsStatus;
  readonly identity_status: IdentityStatus;
  readonly authorizer_status: AuthorizerStatus;
  readonly issues: readonly HealthIssue[];
  readonly reconciled_count: number;
  readonly error_count: number;

  readonly trigger: 'schedule' | 'request';
  readonly runs_status: RunsStatus;
  readonly sweep_status: SweepStatus;
  readonly ticks_status: TicksStatus;
  readonly topics_status: TopicsStatus;
  readonly dead_letters_status: DeadLettersStatus;
  readonly log_lanes_status: LogLanesStatus;
  readonly unchecked: readonly Unchecked[];
}

/** `POST /api/v1/health/reconcile` and `GET /api/v1/health/report`. `ok` whatever the report says. */
export interface HealthReportAnswer {
  readonly status: 'ok';
  readonly report: HealthReport;
}
