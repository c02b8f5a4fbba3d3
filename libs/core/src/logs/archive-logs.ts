import { executionsArchiveDue, executionsByLogAge, type Execution } from '../executions/execution.ts';
import { unfinishedExecutions } from '../executions/unfinished.ts';
import { wantsLog } from '../import/import-executions.ts';
import type { DeclaredQuery } from '../records/records.ts';
import { sessionEndMs } from './archive-plan.ts';
import { expireLog, expiryAgeMs } from './expire-log.ts';
import { removeSealedChunks } from './remove-chunks.ts';
import { sealEndedLog, sealGrowingLog } from './seal-log.ts';
import type { SealDeps } from './seal-segment.ts';

const RUNS_A_PAGE = 10;
/** What a tick has besides its looks. */
const BUDGET_MS = 20_000;

export interface ArchiveDeps extends SealDeps {
  /** How long logs are kept after the end of their run, days; 0, or not said: for ever. */
  readonly logRetentionDays?: number;
}

export interface ArchiveReport {
  /** Segments that were sealed, records of chunks that were removed because a segment holds them, logs that expired. */
  readonly sealed: number;
  readonly removed: number;
  readonly expired: number;
  /** Logs that something could not be done for; they are tried again next time. */
  readonly failed: number;
  /** The budget was spent before the work was. */
  readonly isMore: boolean;
}

/**
 * What time asks for with logs: those of runs that ended are sealed, and later their records removed; of runs that go on whole segments are
 * sealed; what is older than logs are kept goes. Only what is due is read, so history costs nothing. Two at once do what one does, and
 * each step may be the last of its process.
 */
export async function archiveLogs(
  deps: ArchiveDeps,
  noticed: (error: unknown, about: string) => void,
  budgetMs = BUDGET_MS,
): Promise<ArchiveReport> {
  const untilMs = deps.clock.now() + budgetMs;
  const isOver = () => deps.clock.now() >= untilMs;
  const counted = { sealed: 0, removed: 0, expired: 0, failed: 0 };
  const attempt = async (id: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      counted.failed += 1;
      noticed(error, id);
    }
  };
  const nowMs = deps.clock.now();
  for await (const run of dueRuns(deps, executionsArchiveDue, nowMs)) {
    if (isOver()) return { ...counted, isMore: true };
    await attempt(run.execution_id, async () => {
      // Whoever may still bring its lines again must find their numbers taken.
      if (nowMs >= sessionEndMs(run) && !wantsLog(run)) {
        counted.removed += (await removeSealedChunks(deps, run, untilMs)).removed;
      } else {
        counted.sealed += await sealEndedLog(deps, run);
      }
    });
  }
  for (const { execution_id, facts } of await unfinishedExecutions(deps.records)) {
    if (isOver()) return { ...counted, isMore: true };
    if (facts.bound) {
      await attempt(execution_id, async () => void (counted.sealed += await sealGrowingLog(deps, execution_id)));
    }
  }
  const { logRetentionDays = 0 } = deps;
  const ageMs = expiryAgeMs(logRetentionDays);
  if (ageMs === undefined) return { ...counted, isMore: false };
  for await (const run of dueRuns(deps, executionsByLogAge, nowMs - ageMs)) {
    if (isOver()) return { ...counted, isMore: true };
    await attempt(run.execution_id, async () => {
      await expireLog(deps, run, logRetentionDays);
      counted.expired += 1;
    });
  }
  return { ...counted, isMore: isOver() };
}

/** One that fails stays in the queue and is passed by: those behind it wait for nobody. */
async function* dueRuns(
  { records }: ArchiveDeps,
  query: DeclaredQuery<Execution>,
  toMs: number,
): AsyncGenerator<Execution, void, undefined> {
  let from: string | undefined;
  do {
    const page = await records.page(query, { to: toMs, limit: RUNS_A_PAGE }, from);
    for (const { value } of page.records) yield value;
    from = page.next;
  } while (from !== undefined);
}
