import type { HealthReport } from '@runvoy/protocol';

/** A report of a deployment in which all is well. */
export const REPORT: HealthReport = {
  timestamp: '2030-01-01T00:00:00.000Z',
  compute_status: {
    total_resources: 3,
    verified_count: 3,
    recreated_count: 0,
    tag_updated_count: 0,
    orphaned_count: 0,
    orphaned_resources: [],
  },
  secrets_status: {
    total_secrets: 2,
    verified_count: 2,
    tag_updated_count: 0,
    missing_count: 0,
    orphaned_count: 0,
    orphaned_parameters: [],
  },
  identity_status: { default_roles_verified: true, custom_roles_verified: 1, custom_roles_total: 1, missing_roles: [] },
  authorizer_status: {
    users_with_invalid_roles: [],
    users_with_missing_roles: [],
    resources_with_missing_owners: [],
    orphaned_ownerships: [],
    missing_ownerships: [],
    total_users_checked: 1,
    total_resources_checked: 5,
  },
  issues: [],
  reconciled_count: 0,
  error_count: 0,
  trigger: 'schedule',
  runs_status: { unfinished: 0, stuck: [], unrecorded: [] },
  sweep_status: { listed: 10, looked: 0, failed: 0, complete: true },
  ticks_status: {
    last_tick_at: '2030-01-01T00:00:00.000Z',
    tick_age_seconds: 12,
    last_sweep_at: null,
    sweep_age_seconds: null,
  },
  topics_status: { waiting_events: 0, oldest_waiting_seconds: null },
  dead_letters_status: { count: 0 },
  log_lanes_status: { fast: { runs_measured: 1, lag_ms: 40 }, safety: { measured_at: null, lag_ms: null } },
  unchecked: [],
};
