import type { HealthIssue, HealthReport, Unchecked } from '@runvoy/protocol';
import { rfc3339 } from '../executions/execution-body.ts';
import type { LookDeps } from '../executions/look-at-execution.ts';
import { sweep } from '../executions/sweep.ts';
import { unfinishedExecutions } from '../executions/unfinished.ts';
import { listImages } from '../images/resolve-image.ts';
import type { Millis } from '../time/clock.ts';
import { checkAccess, NO_ACCESS } from './check-access.ts';
import { checkDeadLetters, checkTopics, NO_TOPICS } from './check-events.ts';
import { checkLogLanes, NO_LANES } from './check-log-lanes.ts';
import { checkRuns, NO_RUNS } from './check-runs.ts';
import { checkSchedules, NO_TICKS } from './check-schedules.ts';
import { checkSealing, NO_SEALING } from './check-sealing.ts';
import { checkSecrets, NO_SECRETS } from './check-secrets.ts';
import { healthIssue } from './health-checks.ts';
import { NO_COMPUTE, NO_IDENTITY, type Findings, type HealthProbe, type KnownThings } from './health-probe.ts';
import { tickMarkRef } from './schedule-marks.ts';
import { storeHealthReport } from './stored-report.ts';
import { readSweepProgress, storeSweepProgress, type SweepProgress } from './sweep-progress.ts';
import type { SecretVault } from '../secrets/secret-vault.ts';
import { everySecret } from '../secrets/secrets.ts';
import { within } from './within.ts';

export interface HealthDeps extends LookDeps {
  /** Seals anew what a replaced key has sealed; absent: nothing is sealed anew. */
  readonly vault?: SecretVault;
  /** Absent where nothing of the platform can be seen. */
  readonly probe?: HealthProbe;
  /** The longest pause between two scheduled reconciles; absent when the schedule does not say. */
  readonly reconcileEveryMs?: Millis;
}

/** A part that takes longer is told as failed: an event's handler has 30 s. */
const PART_MS = 25_000;
/** A report is one record. */
const LISTED_AT_MOST = 200;
const LOOKS_NAMED = 20;

type Noticed = (error: unknown, about: string) => void;

/**
 * Compares what should be with what is, on both sides: runs with the platform's list, images with what they are started from, keys,
 * accounts, users and owners, ticks, events and log lanes; repairs what is provably ours, and tells the rest. Each part stands for
 * itself: one that fails is named in `unchecked` and as an issue, and the others are reported. A scheduled one is stored, unless the
 * store does not answer: then it rejects, to be sent again. Idempotent, also when two run at once.
 */
export async function reconcileHealth(
  deps: HealthDeps,
  trigger: HealthReport['trigger'],
  noticed: Noticed,
): Promise<HealthReport> {
  const atMs = deps.clock.now();
  const report = reportOf(await makeParts(deps, trigger, noticed), { atMs, trigger });
  if (trigger === 'schedule') await storeHealthReport(deps.records, report);
  return report;
}

type Parts = Awaited<ReturnType<typeof makeParts>>;

/** Every part at once, each within its time, each for itself. */
async function makeParts(deps: HealthDeps, trigger: HealthReport['trigger'], noticed: Noticed) {
  const { records, clock, probe } = deps;
  const nowMs = clock.now();
  const knownThings = knownFrom(deps);
  const progress = readSweepProgress(records);
  const tickMark = records.get(tickMarkRef);
  // Whoever needs one says so when it failed.
  for (const read of [knownThings, progress, tickMark]) read.catch(() => undefined);

  const part = <S>(name: string, none: S, check: () => Promise<Findings<S>>): Promise<Findings<S>> =>
    within(clock, PART_MS, check).catch((error: unknown) => {
      noticed(error, name);
      return notMade(name, none, error);
    });
  const probed = <S>(name: string, none: S, check: (probe: HealthProbe, known: KnownThings) => Promise<Findings<S>>) =>
    part(name, none, async () => (probe ? check(probe, await knownThings) : unseen(name, none)));

  const [compute, secrets, sealing, identity, access, runs, swept, ticks, topics, deadLetters, lanes] =
    await Promise.all([
      probed('compute', NO_COMPUTE, (it, known) => it.compute(known)),
      probed('secrets', NO_SECRETS, checkSecrets),
      part('sealing', NO_SEALING, () => checkSealing(deps, deps.vault, noticed)),
      part('identity', NO_IDENTITY, async () => (probe ? probe.identity() : unseen('identity', NO_IDENTITY))),
      part('access', NO_ACCESS, async () => checkAccess(records, await knownThings)),
      part('runs', NO_RUNS, async () => checkRuns(await knownThings, nowMs, deps.startTimeoutMs)),
      part('sweep', NO_SWEEP, async () => sweepOn(deps, await progress, trigger, noticed)),
      part('ticks', NO_TICKS, async () => {
        const marks = { tick: (await tickMark)?.value, sweep: await progress, everyMs: deps.reconcileEveryMs };
        return checkSchedules(marks, nowMs);
      }),
      part('topics', NO_TOPICS, () => checkTopics(records, nowMs)),
      part('dead letters', { count: null }, () => checkDeadLetters(deps)),
      part('log lanes', NO_LANES, async () =>
        checkLogLanes(records, await knownThings, (await tickMark)?.value.safety_lane),
      ),
    ]);
  return { compute, secrets, sealing, identity, access, runs, swept, ticks, topics, deadLetters, lanes };
}

function reportOf(parts: Parts, { atMs, trigger }: { atMs: Millis; trigger: HealthReport['trigger'] }): HealthReport {
  const { compute, secrets, sealing, identity, access, runs, swept, ticks, topics, deadLetters, lanes } = parts;
  const all = Object.values(parts);
  const issues = all.flatMap((found) => found.issues);
  const { unrecorded, ...sweep_status } = swept.status;
  const { recreated_count, tag_updated_count } = compute.status;
  return {
    timestamp: rfc3339(atMs),
    compute_status: listed(compute.status),
    secrets_status: listed({ ...secrets.status, ...sealing.status }),
    identity_status: listed(identity.status),
    authorizer_status: listed(access.status),
    issues: issues.slice(0, LISTED_AT_MOST),
    reconciled_count: recreated_count + tag_updated_count + secrets.status.tag_updated_count,
    error_count: issues.filter(({ severity }) => severity === 'error').length,
    trigger,
    runs_status: listed({ ...runs.status, unrecorded }),
    sweep_status,
    ticks_status: ticks.status,
    topics_status: topics.status,
    dead_letters_status: deadLetters.status,
    log_lanes_status: lanes.status,
    unchecked: [...all.flatMap((found) => found.unchecked), ...cut(issues)],
  };
}

async function knownFrom({ records }: HealthDeps): Promise<KnownThings> {
  const [images, secrets, unfinished] = await Promise.all([
    listImages(records),
    everySecret(records),
    unfinishedExecutions(records),
  ]);
  return { images, secrets, unfinished };
}

const NO_SWEEP = { listed: 0, looked: 0, failed: 0, complete: false, unrecorded: [] as readonly string[] };

/** The sweep goes on where the last one stopped, and says where the next one does. */
async function sweepOn(
  deps: HealthDeps,
  progress: SweepProgress,
  trigger: HealthReport['trigger'],
  noticed: Noticed,
): Promise<Findings<typeof NO_SWEEP>> {
  const { records, clock } = deps;
  const looks: HealthIssue[] = [];
  const told = (error: unknown, about: string) => {
    noticed(error, about);
    if (looks.length < LOOKS_NAMED) looks.push(healthIssue('run_look_failed', about, wordsOf(error)));
  };
  const { next, unrecorded, ...counts } = await sweep(deps, told, progress.after);
  const cameMs = trigger === 'schedule' ? clock.now() : progress.at_ms;
  const isNew = trigger === 'schedule' || next !== progress.after;
  if (isNew) {
    await storeSweepProgress(records, {
      ...(cameMs === undefined ? {} : { at_ms: cameMs }),
      ...(next === undefined ? {} : { after: next }),
    });
  }
  return {
    status: { ...counts, complete: next === undefined, unrecorded },
    issues: [...looks, ...unrecorded.map((name) => healthIssue('run_unrecorded', name))],
    unchecked: [],
  };
}

function unseen<S>(what: string, status: S): Findings<S> {
  return { status, issues: [], unchecked: [{ what, why: 'This service does not see the platform.' }] };
}

function notMade<S>(what: string, status: S, error: unknown): Findings<S> {
  const why = wordsOf(error);
  return { status, issues: [healthIssue('check_failed', what, why)], unchecked: [{ what, why }] };
}

/** One line for a person. Secrets are never part of an error. */
function wordsOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  const text = error instanceof Error ? `${error.message}${cause}` : String(error);
  return text.replaceAll(/\s+/g, ' ').slice(0, 300);
}

/** No list is longer than a record can hold; `issues` counts on. */
function listed<S extends object>(status: S): S {
  const entries = Object.entries(status).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.slice(0, LISTED_AT_MOST) : value,
  ]);
  return Object.fromEntries(entries) as S;
}

function cut(issues: readonly HealthIssue[]): readonly Unchecked[] {
  if (issues.length <= LISTED_AT_MOST) return [];
  return [{ what: 'issues', why: `There are ${issues.length}; the first ${LISTED_AT_MOST} are listed.` }];
}
