import { MemoryArchive } from '../../contracts/memory-archive.ts';
import type { RandomBytes } from '../../src/access/tokens.ts';
import { bootstrapExecution } from '../../src/executions/bootstrap-execution.ts';
import type { Evidence } from '../../src/executions/evidence.ts';
import type { Execution } from '../../src/executions/execution.ts';
import {
  cancelLateStarts,
  gatherEvidence,
  isOrderStored,
  type LateStart,
} from '../../src/executions/look-at-execution.ts';
import { recordFinished } from '../../src/executions/record-finished.ts';
import { startExecution } from '../../src/executions/start-execution.ts';
import { startOrder } from '../../src/executions/start-order.ts';
import { stopExecution } from '../../src/executions/stop-execution.ts';
import { applyEvidence } from '../../src/executions/store-execution.ts';
import { isFailure } from '../../src/failure.ts';
import type { JobRunner, PlatformView, StartAnswer, StartOrder } from '../../src/jobs/job-runner.ts';
import { testVault } from '../../test/test-vault.ts';
import { reportOf, RUN_ID, SIGNING_KEYS } from './life-reports.ts';
import type { LifeModel, ReportName } from './life-state.ts';
import { EARLY_MS, LATE_MS, heardAt, withoutTimes } from './life-times.ts';
import { nameOf, newRun, tokenBytes, tokenIn } from './model-run.ts';
import { OneRecord } from './one-record.ts';

/** What a decision of core has done. */
export interface Decided {
  /** Number of the record as it is then. */
  readonly record: number;
  /** Attempts whose end the platform was asked for. */
  readonly cancels: readonly number[];
  readonly wroteInVain: boolean;
}

export interface Looked extends Decided {
  /** Evidence to be stored, and the order it calls for, as a text; empty when there is none. */
  readonly found: string;
  readonly failed: boolean;
}

/** What the platform shows to one look. */
export interface Sight {
  readonly isLate: boolean;
  /** The runner was heard of just now. */
  readonly isHeard: boolean;
  readonly views: readonly (PlatformView | 'fails')[];
  /** What can be read, and in the lane of which attempt. */
  readonly lane: {
    readonly attempt: number;
    readonly report: ReportName | '';
    readonly final: boolean;
    readonly breaks: boolean;
  };
  /** Looks that overlap draw different tokens. */
  readonly draw?: 1 | 2;
}

type Answer = 'start' | 'stop' | 'refused';

/**
 * The real decisions of core about one run, each asked once for each record and question: they are functions of these. Records are
 * known by number; two that differ in times alone are one.
 */
export class Decisions {
  readonly records: Execution[] = [];
  readonly #model: LifeModel;
  readonly #numbers = new Map<string, number>();
  readonly #made = new Map<string, Promise<unknown>>();

  constructor(model: LifeModel) {
    this.#model = model;
    this.records.push(undefined as never);
  }

  execution(record: number): Execution {
    return this.records[record]!;
  }

  submitted(): number {
    return this.#numberOf(newRun(this.#model));
  }

  stop(record: number): Promise<Decided> {
    return this.#decide(`stop ${record}`, record, EARLY_MS, async ({ deps }) => {
      await stopExecution(deps, RUN_ID, { email: 'ann@example.com', requestId: 'r' }, () => undefined, rethrow);
    });
  }

  startAnswered(record: number, attempt: number, answer: StartAnswer): Promise<Decided> {
    return this.#decide(
      `start ${record} ${attempt} ${JSON.stringify(answer)}`,
      record,
      EARLY_MS,
      async ({ deps, store }) => {
        const order = startOrder(store.execution, attempt, tokenIn(store.execution, attempt));
        await startExecution({ ...deps, jobs: { ...deps.jobs, start: async () => answer } }, order, rethrow);
      },
    );
  }

  async bootstrap(record: number, attempt: number): Promise<Decided & { readonly answer: Answer }> {
    const decided = this.#decide(`bootstrap ${record} ${attempt}`, record, EARLY_MS, async ({ deps, store }) => {
      const named = this.#model.platform === 'cloud' ? { platform_execution: nameOf(attempt) } : {};
      const request = {
        token: tokenIn(store.execution, attempt),
        attempt,
        nonce: `nonce ${attempt}`,
        runner_version: '0',
        ...named,
      };
      try {
        return 'stop' in (await bootstrapExecution(deps, RUN_ID, request)) ? 'stop' : 'start';
      } catch (error) {
        if (!isFailure(error, 'BOOTSTRAP_REFUSED') && !isFailure(error, 'EXECUTION_ENDED')) throw error;
        return 'refused';
      }
    });
    const { outcome, ...rest } = await decided;
    return { ...rest, answer: outcome as Answer };
  }

  report(record: number, name: ReportName): Promise<Decided> {
    return this.#decide(`report ${record} ${name}`, record, EARLY_MS, async ({ deps }) => {
      await recordFinished(deps, RUN_ID, reportOf(this.#model.platform, name));
    });
  }

  async look(record: number, sight: Sight): Promise<Looked> {
    const nowMs = sight.isLate ? LATE_MS : EARLY_MS;
    const decided = this.#decide(`look ${record} ${JSON.stringify(sight)}`, record, nowMs, async ({ deps, store }) => {
      const jobs = { ...deps.jobs, ...this.#shown(sight) };
      const random = () => tokenBytes(store.execution.facts.attempts.length + 1, sight.draw);
      const read = sight.isHeard ? heardAt(store.execution, nowMs) : store.execution;
      try {
        const { evidence, order, late } = await gatherEvidence({ ...deps, ...looking(random), jobs }, read);
        return {
          found:
            evidence.length === 0 ? '' : JSON.stringify([withoutTimes(evidence), order ?? null, withoutTimes(late)]),
          failed: false,
        };
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        return { found: '', failed: true };
      }
    });
    const { outcome, ...rest } = await decided;
    return { ...rest, ...(outcome as Pick<Looked, 'found' | 'failed'>) };
  }

  /** The second half of a look: what it found is stored. Tells the attempt that is to be started then. */
  async store(record: number, found: string): Promise<Decided & { readonly starts: number }> {
    const [evidence, order, late] = JSON.parse(found) as [readonly Evidence[], StartOrder | null, readonly LateStart[]];
    const decided = this.#decide(`store ${record} ${found}`, record, EARLY_MS, async ({ deps }) => {
      const execution = await applyEvidence(deps, RUN_ID, evidence);
      await cancelLateStarts({ ...deps, ...looking(noBytes) }, execution, late);
      return isOrderStored(execution, order ?? undefined) ? order!.attempt : 0;
    });
    const { outcome, ...rest } = await decided;
    return { ...rest, starts: outcome as number };
  }

  #decide(
    question: string,
    record: number,
    nowMs: number,
    decide: (asked: Asked) => Promise<unknown>,
  ): Promise<Decided & { readonly outcome: unknown }> {
    const known = this.#made.get(question);
    if (known) return known as Promise<Decided & { readonly outcome: unknown }>;
    const made = (async () => {
      const store = new OneRecord(this.execution(record));
      const cancels: number[] = [];
      const deps = dependencies(this.#model, store, nowMs, cancels);
      const outcome = await decide({ store, deps });
      const wroteInVain = store.wasWrittenInVain;
      return { record: this.#numberOf(store.execution), cancels, wroteInVain, outcome };
    })();
    this.#made.set(question, made);
    return made;
  }

  #numberOf(execution: Execution): number {
    const timeless = withoutTimes(execution);
    const key = JSON.stringify([timeless.facts, timeless.status, timeless.exit_code, timeless.reason, timeless.faults]);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.records.push(timeless) - 1;
    this.#numbers.set(key, number);
    return number;
  }

  #shown({ views, lane }: Sight): Pick<JobRunner, 'look' | 'readSafetyLane'> {
    const { platform } = this.#model;
    return {
      async look({ attempt }) {
        const view = views[attempt - 1];
        if (view === undefined || view === 'fails') throw new Unreadable();
        return view;
      },
      async readSafetyLane({ attempt }) {
        async function* entries() {
          if (lane.report !== '' && lane.attempt === attempt) {
            const body = reportOf(platform, lane.report);
            yield { runvoy: 'finished' as const, execution_id: RUN_ID, attempt, body };
          }
          if (lane.breaks) throw new Unreadable();
        }
        return { entries: entries(), final: lane.final };
      },
    };
  }
}

/** Shorter than any window is late. */
const START_TIMEOUT_MS = 300_000;

interface Asked {
  readonly store: OneRecord;
  readonly deps: ReturnType<typeof dependencies>;
}

class Unreadable extends Error {}

function dependencies({ platform }: LifeModel, records: OneRecord, nowMs: number, cancels: number[]) {
  const jobs: JobRunner = {
    isolations: ['process'],
    longestGraceMs: platform === 'cloud' ? 10_000 : Infinity,
    ...(platform === 'cloud' ? { forgetsByItself: true as const } : {}),
    start: unasked,
    look: unasked,
    readSafetyLane: unasked,
    list: unasked,
    forget: unasked,
    cancel: async ({ attempt }) => void cancels.push(attempt),
  };
  const clock = { now: () => nowMs, sleep: unasked };
  const policy = { stopTimeoutMs: 60_000 };
  return {
    records,
    archive: new MemoryArchive(),
    jobs,
    clock,
    vault: testVault,
    signingKeys: SIGNING_KEYS,
    batchMs: 10,
    policy,
  };
}

/** What a look needs besides. */
function looking(random: RandomBytes) {
  return { random, upSinceMs: 0, startTimeoutMs: START_TIMEOUT_MS };
}

const noBytes: RandomBytes = unasked;

function unasked(): never {
  throw new Error('this decision has no business asking that');
}

function rethrow(error: unknown): void {
  throw error;
}
