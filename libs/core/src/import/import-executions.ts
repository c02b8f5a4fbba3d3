import type { ExportedRun, ImportExecutionsAnswer } from '@runvoy/protocol';
import { deedBy, type Asking } from '../access/asking.ts';
import { requirePermission } from '../access/permissions.ts';
import { openAudit } from '../audit/audit.ts';
import { executionRef, type EndRecord, type Execution } from '../executions/execution.ts';
import { Failure } from '../failure.ts';
import { KEEP_NOTHING, type Keep } from '../idempotency/once.ts';
import type { Records, Tx } from '../records/records.ts';
import type { Clock, Millis } from '../time/clock.ts';

const DAY_MS = 86_400_000;

interface Deps {
  readonly records: Records;
  readonly clock: Clock;
}

/**
 * Stores runs that ended in another deployment, as they were there. One whose id is taken stays as it is, whoever stored it: so twice is
 * once, and what is brought back to where it came from changes nothing. All of one call are stored together, with one audit record.
 * Fails with `UNPROCESSABLE`, naming the run, when its times cannot be: what has not happened yet, or ended before it began.
 */
export async function importExecutions(
  { records, clock }: Deps,
  runs: readonly ExportedRun[],
  source: string,
  by: Asking,
  keep: Keep<ImportExecutionsAnswer> = KEEP_NOTHING,
): Promise<ImportExecutionsAnswer> {
  requirePermission(by.caller, 'import.create');
  const atMs = clock.now();
  const unique = new Map(runs.map((run) => [run.execution_id, importedRun(run, source, by, atMs)]));
  return records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const known = await readKnown(tx, [...unique.keys()]);
    const fresh = [...unique.values()].filter(({ execution_id }) => !known.has(execution_id));
    for (const run of fresh) tx.create(executionRef(run.execution_id), run);
    if (fresh.length > 0) {
      const details = { executions: String(fresh.length), source };
      audit({ at_ms: atMs, action: 'import.executions', by: deedBy(by), subject: fresh[0]!.execution_id, details });
    }
    const executions = [...unique].map(([execution_id, run]) => {
      const stored = known.get(execution_id);
      return {
        execution_id,
        outcome: stored ? ('exists' as const) : ('created' as const),
        wants_log: wantsLog(stored ?? run),
      };
    });
    keep.put(tx, { executions });
    return { executions };
  });
}

async function readKnown(tx: Tx, ids: readonly string[]): Promise<ReadonlyMap<string, Execution>> {
  const found = await Promise.all(ids.map((id) => tx.get(executionRef(id))));
  return new Map(found.flatMap((run) => (run ? [[run.execution_id, run] as const] : [])));
}

/** True for a run that was brought here, and whose log is not known to be whole. */
export function wantsLog({ imported, log_proven }: Pick<Execution, 'imported' | 'log_proven'>): boolean {
  return imported !== undefined && log_proven !== true;
}

function importedRun(run: ExportedRun, source: string, { caller }: Asking, atMs: Millis): Execution {
  const started_at_ms = timeOf(run, 'started_at', atMs);
  const completed_at_ms = run.completed_at === undefined ? started_at_ms : timeOf(run, 'completed_at', atMs);
  if (completed_at_ms < started_at_ms) {
    throw new Failure('UNPROCESSABLE', `Execution ${run.execution_id}: completed_at is before started_at.`);
  }
  return {
    execution_id: run.execution_id,
    created_by: run.created_by,
    owned_by: run.owned_by,
    command: run.command,
    image_id: run.image_id,
    image: run.image_id,
    cpu: run.cpu ?? 0,
    memory_mib: run.memory ?? 0,
    isolation: run.isolation ?? 'container',
    ...(run.secrets === undefined ? {} : { secrets: run.secrets }),
    timeout_s: 0,
    grace_ms: 0,
    max_log_bytes: 0,
    without_input: true,
    request_id: run.created_by_request_id,
    modified_by_request_id: run.modified_by_request_id,
    started_at_ms,
    cloud: run.cloud,
    // Nothing is known of its life but its end: nobody can judge it anew, and nobody has to.
    facts: { attempts: [] },
    status: run.status,
    unfinished: false,
    exit_code: run.exit_code,
    ...(run.reason === undefined ? {} : { reason: run.reason }),
    completed_at_ms,
    ...(run.log === undefined ? {} : { end_record: { maskings: 0, ...run.log } satisfies EndRecord }),
    faults: [],
    log_since_ms: atMs,
    // Its lines come after it; when they have come, they may be sealed.
    archive_due_at_ms: atMs + DAY_MS,
    imported: { at_ms: atMs, by: caller.user.email, source, ...ranFor(run, completed_at_ms - started_at_ms) },
  };
}

/** Told in whole seconds, and by runvoy on AWS as 0 where it is not known. */
function ranFor({ duration_seconds = 0 }: ExportedRun, lastedMs: Millis): { readonly ran_ms?: Millis } {
  return duration_seconds > 0 ? { ran_ms: Math.min(duration_seconds * 1_000, lastedMs) } : {};
}

/** Clocks of two deployments differ, by less than this. */
const CLOCKS_APART_MS = 86_400_000;

function timeOf(run: ExportedRun, field: 'started_at' | 'completed_at', nowMs: Millis): Millis {
  const ms = Date.parse(run[field] ?? '');
  const why = Number.isNaN(ms) ? 'is no time' : ms > nowMs + CLOCKS_APART_MS ? 'has not come yet' : undefined;
  if (why === undefined) return ms;
  throw new Failure('UNPROCESSABLE', `Execution ${run.execution_id}: ${field} ${why}.`);
}
