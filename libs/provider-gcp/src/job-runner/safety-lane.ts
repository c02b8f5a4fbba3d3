import type { AttemptRef, Clock, Millis } from '@runvoy/core';
import type { LogGap, SafetyLaneEntry } from '@runvoy/protocol';
import { jobOfExecution } from './names.ts';
import type { LoggingApi } from './logging-api.ts';

/** Sixty reads a minute is all that a project has, and no page of a run's reports is ever full. */
const PAGES_AT_MOST = 10;
const PAGE = 100;
/** Batches are large: so many at once stay below what an answer may hold. */
const PAGE_OF_LINES = 20;
/** A filter has at most 20,000 characters; what it does not name is asked for the next time. */
const GAPS_ASKED = 50;
/** How far our clock and the log's may be apart: one of them may have been set wrong by an hour. */
const SKEW_MS: Millis = 2 * 3_600_000;

/**
 * Reads the reports (`finished`) of an attempt out of Cloud Logging, oldest first, and of its lines those that are missing. Others are not
 * read: there may be more of them than a look has time for, and the sink brings them. Rejects when the log cannot be read to the end, a
 * spent quota included; of very many missing lines the first are read.
 *
 * Whatever the user's container prints stands in the same log, under labels it may be able to choose; it is kept out where its label
 * is what it should be, and never believed: what is not signed by this execution's runner is passed over by who reads this.
 */
export async function readLane(
  { logging, project, clock }: { readonly logging: LoggingApi; readonly project: string; readonly clock: Clock },
  attempt: AttemptRef,
  missing: readonly LogGap[] = [],
): Promise<{ readonly entries: readonly SafetyLaneEntry[]; readonly as_of_ms?: Millis }> {
  const filter = laneFilter(project, attempt, { nowMs: clock.now(), missing });
  const limit = missing.length > 0 ? PAGE_OF_LINES : PAGE;
  const found: SafetyLaneEntry[] = [];
  let after: string | undefined;
  let as_of_ms: Millis | undefined;
  for (let pages = 0; pages < PAGES_AT_MOST; pages += 1) {
    const page = await logging.list({ filter, limit, after });
    as_of_ms ??= page.as_of_ms;
    found.push(...page.entries.flatMap(({ jsonPayload }) => entryIn(jsonPayload, attempt) ?? []));
    after = page.next;
    // An empty page with a token is how the log says that it is still looking.
    if (after === undefined) return { entries: found, ...(as_of_ms === undefined ? {} : { as_of_ms }) };
  }
  // What was read is of use by itself, and the next reading asks for less.
  if (found.some(({ runvoy }) => runvoy === 'logs')) return { entries: found };
  throw new Error(
    `The log of ${attempt.execution_id} has more than ${PAGES_AT_MOST} pages of reports; nothing is concluded from a part of it.`,
  );
}

/**
 * https://cloud.google.com/logging/docs/view/logging-query-language. The name of an execution makes the log's work less; without one
 * (its start was never answered) the run's own id finds the same.
 */
function laneFilter(
  project: string,
  attempt: AttemptRef,
  { nowMs, missing }: { readonly nowMs: Millis; readonly missing: readonly LogGap[] },
): string {
  const { execution_id, platform_execution, made_at_ms } = attempt;
  if (!/^[0-9a-f]{32}$/.test(execution_id)) throw new Error(`${execution_id} is no execution id.`);
  const job = platform_execution === undefined ? undefined : jobOfExecution(platform_execution);
  // Without a time the log may look at all it has; it keeps an entry for 30 days.
  const sinceMs = made_at_ms === undefined ? nowMs - 30 * 86_400_000 : made_at_ms - SKEW_MS;
  const named = [
    `resource.labels.job_name="${job}"`,
    `labels."run.googleapis.com/execution_name"="${platform_execution}"`,
  ];
  return [
    `logName="projects/${project}/logs/run.googleapis.com%2Fstdout"`,
    'resource.type="cloud_run_job"',
    ...(job === undefined ? [] : named),
    // Not `="sidecar"`: an entry without this label must still be found.
    'NOT labels.container_name="runner"',
    wantedFilter(missing),
    `jsonPayload.execution_id="${execution_id}"`,
    `timestamp>="${new Date(sinceMs).toISOString()}"`,
  ].join(' AND ');
}

/** A batch is never cut again, so what is missing is whole batches: each begins within its gap. */
function wantedFilter(missing: readonly LogGap[]): string {
  const report = 'jsonPayload.runvoy="finished"';
  if (missing.length === 0) return report;
  const begin = missing.slice(0, GAPS_ASKED).map(({ from, to }) => {
    const least = `jsonPayload.body.from>=${from}`;
    return to === Infinity ? least : `(${least} AND jsonPayload.body.from<=${to})`;
  });
  return `(${report} OR (jsonPayload.runvoy="logs" AND (${begin.join(' OR ')})))`;
}

/** The log holds numbers as doubles; JSON's are the same to us, so a whole one comes back as it was. */
function entryIn(payload: unknown, attempt: AttemptRef): SafetyLaneEntry | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { runvoy, execution_id, attempt: number, body } = payload as Partial<Record<keyof SafetyLaneEntry, unknown>>;
  const isOurs = (runvoy === 'finished' || runvoy === 'logs') && typeof body === 'object' && body !== null;
  if (!isOurs || execution_id !== attempt.execution_id || number !== attempt.attempt) return undefined;
  return payload as SafetyLaneEntry;
}
