const OURS = 'resource.type="cloud_run_job" AND resource.labels.job_name=~"^rv-"';

/** What the sinks of a deployment select: entries about runs. A service's own lines are of another type, so nothing it prints comes back. */
export const SINK_FILTERS = {
  events: `${OURS} AND logName:"cloudaudit.googleapis.com%2Fsystem_event"`,
  logs: `${OURS} AND (logName:"run.googleapis.com%2Fstdout" OR logName:"run.googleapis.com%2Fstderr" OR logName:"varlog%2Fsystem")`,
} as const;
