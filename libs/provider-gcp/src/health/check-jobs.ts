import { healthIssue, type KnownThings } from '@runvoy/core';
import type { Findings } from '@runvoy/core';
import type { ComputeStatus, HealthAction, HealthIssue } from '@runvoy/protocol';
import { CODE, codeOf, saidBy } from '../job-runner/grpc-code.ts';
import { jobIdOf, ProfileProblem, profileOf, type JobProfile } from '../job-runner/job-profile.ts';
import { partsOf } from '../job-runner/job-parts.ts';
import { jobOf, MANAGED_BY } from '../job-runner/job-template.ts';
import { jobName, jobOfExecution, locationName, type Place } from '../job-runner/names.ts';
import { retried, type RetryDeps } from '../job-runner/retried.ts';
import type { RunApi } from '../job-runner/run-api.ts';
import type { ListedJob } from '../job-runner/run-resources.ts';
import type { CloudRunSettings } from '../job-runner/settings.ts';
import { freeJobs, type JobLimits } from './free-jobs.ts';

export interface JobsDeps extends RetryDeps {
  readonly api: RunApi;
  readonly place: Place;
  readonly settings: CloudRunSettings;
  readonly limits: JobLimits;
}

const LISTED_A_PAGE = 100;
const ORPHANS_NAMED = 20;
/** What runs of a registered image ask for, as far as its Job depends on it. */
const ANY_RUN = { execution_id: '', attempt: 1, token: '', isolation: 'cloud-run', timeout_s: 0, grace_ms: 0 } as const;

/**
 * Compares the Jobs of the region with what would be written today for the registered images. A Job of ours that differs is written
 * again, as the next run of it would do; one that is missing is made by its first run. Over the limit the least recently used ones of
 * ours go. A Job without our label and our name is nobody's business.
 */
export async function checkJobs(deps: JobsDeps, known: KnownThings): Promise<Findings<ComputeStatus>> {
  const issues: HealthIssue[] = [];
  const wanted = wantedJobs(deps.settings, known, issues);
  const all = await everyJob(deps);
  const ours = all.filter((job) => isOurs(job) || wanted.has(job.name));
  const counts = { verified_count: 0, recreated_count: 0, tag_updated_count: 0 };
  for (const job of ours) {
    const profile = wanted.get(job.name);
    if (!profile) continue;
    const outcome = await repaired(deps, job, profile);
    if (!outcome) counts.verified_count += 1;
    else issues.push(outcome);
    if (outcome?.action === 'recreated') counts.recreated_count += 1;
    if (outcome?.action === 'tag_updated') counts.tag_updated_count += 1;
  }
  const inUse = usedBy(deps.settings, known);
  const freed = await freeJobs(deps, { all, ours: ours.filter(isOurs), inUse });
  const gone = new Set(freed.deleted);
  const orphans = ours.filter(({ name }) => !wanted.has(name) && !inUse.has(name) && !gone.has(name));
  const orphaned = orphans.slice(0, ORPHANS_NAMED).map(({ name }) => healthIssue('job_orphaned', name));
  return {
    status: {
      total_resources: ours.length - gone.size,
      ...counts,
      orphaned_count: orphans.length,
      orphaned_resources: orphans.map(({ name }) => name),
    },
    issues: [...issues, ...orphaned, ...freed.issues],
    unchecked: [],
  };
}

function isOurs({ name, labels }: ListedJob): boolean {
  return (
    /^rv-[a-z2-7]{20}$/.test(name) && Object.entries(MANAGED_BY).every(([label, value]) => labels[label] === value)
  );
}

function wantedJobs(
  settings: CloudRunSettings,
  { images }: KnownThings,
  issues: HealthIssue[],
): Map<string, JobProfile> {
  const wanted = new Map<string, JobProfile>();
  for (const { image_id, image, cpu, memory_mib, task_role_name } of images) {
    const account = task_role_name === undefined ? {} : { service_account: task_role_name };
    try {
      const profile = profileOf({ ...ANY_RUN, image, cpu, memory_mib, ...account }, settings);
      wanted.set(jobIdOf(profile), profile);
    } catch (error) {
      if (!(error instanceof ProfileProblem)) throw error;
      issues.push(healthIssue('image_unrunnable', image_id, error.message));
    }
  }
  return wanted;
}

/** The Jobs that unfinished runs may need: by the name the platform gave, and, where a start's outcome is unknown, by their own. */
function usedBy(settings: CloudRunSettings, { unfinished }: KnownThings): Set<string> {
  const used = new Set<string>();
  for (const execution of unfinished) {
    for (const { platform_execution } of execution.facts.attempts) {
      const job = platform_execution === undefined ? undefined : jobOfExecution(platform_execution);
      if (job !== undefined) used.add(job);
    }
    try {
      used.add(jobIdOf(profileOf({ ...ANY_RUN, ...execution }, settings)));
    } catch (error) {
      if (!(error instanceof ProfileProblem)) throw error;
    }
  }
  return used;
}

async function everyJob(deps: JobsDeps): Promise<readonly ListedJob[]> {
  const parent = locationName(deps.place);
  const jobs: ListedJob[] = [];
  let after: string | undefined;
  do {
    const page = await retried(deps, () => deps.api.listJobs(parent, { limit: LISTED_A_PAGE, after }));
    jobs.push(...page.jobs);
    after = page.next;
  } while (after !== undefined);
  return jobs;
}

/** The issue that was found and what became of it; undefined when the Job is as it should be, or somebody is writing it. */
async function repaired(deps: JobsDeps, job: ListedJob, profile: JobProfile): Promise<HealthIssue | undefined> {
  if (job.isSettling) return undefined;
  const spec = jobOf(profile);
  const hasParts = job.parts === partsOf(spec);
  if (hasParts && isOurs(job)) {
    return job.terminal?.state === 'failed' ? healthIssue('job_failed', job.name, job.terminal.message) : undefined;
  }
  const check = hasParts ? 'job_labels' : 'job_differs';
  try {
    await deps.api.updateJob(jobName(deps.place, job.name), spec);
    return healthIssue(check, job.name);
  } catch (error) {
    const mayNot = codeOf(error) === CODE.permissionDenied;
    const action: HealthAction = mayNot ? 'reported' : 'requires_manual_intervention';
    return healthIssue(check, job.name, `It could not be: ${saidBy(error)}`, action);
  }
}
