/** Full names of Cloud Run v2 resources, made of short ones. */
export interface Place {
  readonly project: string;
  readonly region: string;
}

/** What our Jobs, and so their executions, are called. */
const OURS = /^rv-[a-z2-7]{20}-[a-z0-9]{5}$/;

export function locationName({ project, region }: Place): string {
  return `projects/${project}/locations/${region}`;
}

export function jobName(place: Place, jobId: string): string {
  return `${locationName(place)}/jobs/${jobId}`;
}

/** An execution's full name; its Job's is its own without the last five characters. Undefined for a name that none of ours has. */
export function executionName(place: Place, execution: string): string | undefined {
  const job = jobOfExecution(execution);
  return job === undefined ? undefined : `${jobName(place, job)}/executions/${execution}`;
}

/** The Job of one of our executions, by their short names. */
export function jobOfExecution(execution: string): string | undefined {
  return OURS.test(execution) ? execution.replace(/-[^-]*$/, '') : undefined;
}
