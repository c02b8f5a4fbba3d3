import type { HealthAction, HealthIssue, HealthSeverity } from '@runvoy/protocol';

/** One kind of issue: what it is called on the wire, what it means and what to do about it. */
export interface HealthCheck {
  readonly resource_type: string;
  readonly severity: HealthSeverity;
  /** What is done about it; a repair that fails is told as `reported` instead. */
  readonly action: HealthAction;
  readonly means: string;
  readonly advice: string;
}

/** Every kind there is. `docs/health.md` lists the same; a test compares the two. */
export const HEALTH_CHECKS = {
  check_failed: {
    resource_type: 'health_check',
    severity: 'error',
    action: 'reported',
    means: 'A part of the report could not be made, because what it asks did not answer.',
    advice:
      'Nothing was concluded from it. Wait for the next report; if it stays, the message names who did not answer.',
  },
  job_differs: {
    resource_type: 'cloud_run_job',
    severity: 'warning',
    action: 'recreated',
    means: 'The Job of an image profile was not as runvoy writes it, and was written again.',
    advice: "Find out who edited it: the Job's audit log names them.",
  },
  job_labels: {
    resource_type: 'cloud_run_job',
    severity: 'warning',
    action: 'tag_updated',
    means: 'The Job of an image profile had lost the label managed-by=runvoy, and got it back.',
    advice: 'Find out who took it away: runs of that Job were not listed meanwhile.',
  },
  job_failed: {
    resource_type: 'cloud_run_job',
    severity: 'warning',
    action: 'reported',
    means: 'Cloud Run could not make a Job ready.',
    advice: 'The next run writes it again. If that fails too, look at the image: it may be gone from its registry.',
  },
  job_orphaned: {
    resource_type: 'cloud_run_job',
    severity: 'warning',
    action: 'reported',
    means: 'A Job of ours belongs to no registered image as it would be run today.',
    advice: 'It costs nothing and is deleted when the region runs out of Jobs. Delete it by hand if you like.',
  },
  job_deleted: {
    resource_type: 'cloud_run_job',
    severity: 'warning',
    action: 'deleted',
    means: 'The region was close to its limit of 1,000 Jobs, and the least recently used Job of ours was deleted.',
    advice:
      'Nothing: the next run of that image makes it again. Its executions are gone from Cloud Run; their records stay.',
  },
  jobs_near_limit: {
    resource_type: 'cloud_run_job',
    severity: 'error',
    action: 'requires_manual_intervention',
    means: 'The region is close to its limit of 1,000 Jobs, and none of ours may be deleted.',
    advice: "Delete Jobs that are not runvoy's, ask Google for a higher limit, or register fewer images and sizes.",
  },
  image_unrunnable: {
    resource_type: 'image',
    severity: 'warning',
    action: 'reported',
    means: 'A registered image cannot be run here.',
    advice: 'The message says why. Register the image with a size or an account that fits, or install what is missing.',
  },
  secret_closed: {
    resource_type: 'secret',
    severity: 'error',
    action: 'requires_manual_intervention',
    means: 'A secret cannot be opened any more: the key it was sealed with is not there.',
    advice: 'Restore the key (the version in Secret Manager, or the key file), or give the secret its value again.',
  },
  key_missing: {
    resource_type: 'data_key',
    severity: 'error',
    action: 'requires_manual_intervention',
    means: 'The key that values are sealed with cannot be used.',
    advice: 'Restore it: until then no secret is stored, and no run with variables is accepted.',
  },
  key_labels: {
    resource_type: 'data_key',
    severity: 'warning',
    action: 'tag_updated',
    means: 'The secret of the data keys had lost the label managed-by=runvoy, and got it back.',
    advice: 'Find out who took it away.',
  },
  key_encryption: {
    resource_type: 'data_key',
    severity: 'warning',
    action: 'reported',
    means: 'The secret of the data keys is not encrypted with the key that RUNVOY_GCP_SECRETS_KMS_KEY names.',
    advice: 'Replication and its key never change: make a new secret under another prefix, or correct the variable.',
  },
  account_missing: {
    resource_type: 'service_account',
    severity: 'error',
    action: 'requires_manual_intervention',
    means: 'An account that jobs run as does not exist, or is disabled.',
    advice: 'Create or enable it, without any role, or take it out of RUNVOY_GCP_JOB_SERVICE_ACCOUNTS.',
  },
  file_open: {
    resource_type: 'file',
    severity: 'error',
    action: 'requires_manual_intervention',
    means: 'A file or directory of the server can be used by other users of this machine.',
    advice: 'Run the chmod of the message. If others may have read a key, rotate it.',
  },
  user_invalid_role: {
    resource_type: 'user',
    severity: 'error',
    action: 'reported',
    means: 'A user has a role that does not exist, none at all, or no e-mail.',
    advice: 'Such a user may do nothing. Revoke them and create them again.',
  },
  owner_missing: {
    resource_type: 'ownership',
    severity: 'error',
    action: 'reported',
    means: 'An image, a secret or a run has no creator or no owner.',
    advice: 'Only operators and admins can see it. Register the image again; a run stays as it is.',
  },
  owner_unknown: {
    resource_type: 'ownership',
    severity: 'error',
    action: 'reported',
    means: 'An image, a secret or a run is owned by somebody who is no user.',
    advice: 'Whoever is created under that e-mail becomes its owner: create them yourself, or make it again.',
  },
  run_stuck: {
    resource_type: 'execution',
    severity: 'error',
    action: 'reported',
    means: 'A run is unfinished past the time by which every run is over.',
    advice:
      'Ask the platform about it, and read the service\'s log for failing looks; "runvoy kill" stops it for certain.',
  },
  run_look_failed: {
    resource_type: 'execution',
    severity: 'warning',
    action: 'reported',
    means: 'The platform was asked about a run and did not answer.',
    advice: 'Nothing was concluded; it is asked again every minute.',
  },
  run_unrecorded: {
    resource_type: 'execution',
    severity: 'warning',
    action: 'reported',
    means: 'The platform runs something labelled as ours that no record knows.',
    advice:
      'It belongs to another deployment in this project, or the store was restored from before it. It gets no command.',
  },
  tick_late: {
    resource_type: 'schedule',
    severity: 'error',
    action: 'reported',
    means: 'The minute tick has not come for three minutes.',
    advice:
      "Ends are still heard of by events, lost ones are not. Look at the scheduler's job and at the processor's log.",
  },
  sweep_late: {
    resource_type: 'schedule',
    severity: 'warning',
    action: 'reported',
    means: 'The scheduled reconcile has not come in the time that RUNVOY_GCP_HEALTH_RECONCILE_SCHEDULE says.',
    advice: "Compare the schedule of the scheduler's job with the variable, and see whether it is paused.",
  },
  events_waiting: {
    resource_type: 'topic',
    severity: 'error',
    action: 'reported',
    means: 'Events have been waiting to be published for more than five minutes.',
    advice: "The topic is gone, or the account may not publish to it: the processor's log says which.",
  },
  dead_letters: {
    resource_type: 'dead_letter',
    severity: 'warning',
    action: 'reported',
    means: 'Events were put aside because they could never be carried out.',
    advice: '"runvoy dead-letters list" shows them with the reason; replay them when it is gone, or drop them.',
  },
  lane_slow: {
    resource_type: 'log_lane',
    severity: 'warning',
    action: 'reported',
    means: 'Lines take more than a minute to the store.',
    advice: 'Nothing is lost: both lanes keep what is not stored. Look for a store or an intake that answers slowly.',
  },
} as const satisfies Record<string, HealthCheck>;

export type HealthCheckName = keyof typeof HEALTH_CHECKS;

/** An issue of this kind about one thing. `details` is what was seen; `action` differs from the table's where a repair failed. */
export function healthIssue(
  check: HealthCheckName,
  resource_id: string,
  details?: string,
  action: HealthAction = HEALTH_CHECKS[check].action,
): HealthIssue {
  const { resource_type, severity, means } = HEALTH_CHECKS[check];
  return {
    resource_type,
    resource_id,
    severity,
    message: details === undefined ? means : `${means} ${details}`,
    action,
  };
}
