import type {
  AttemptRef,
  JobRunner,
  PlatformView,
  SafetyLane,
  StartAnswer,
  StartOrder,
} from '../src/jobs/job-runner.ts';
import { hashToken } from '../src/access/tokens.ts';
import { SimulatedOutage, type Instance } from './instance.ts';
import type { RunTruth } from './run-truth.ts';
import type { LaneEntry, Task } from './task.ts';
import type { World } from './world.ts';

/** What a simulated platform does behind the port; the port itself may fail, be slow, or be the last thing an instance calls. */
export interface PlatformModel {
  readonly world: World;
  readonly tasks: readonly Task[];
  readonly longestGraceMs: number;
  readonly nameOf?: NonNullable<JobRunner['nameOf']>;
  readonly forgetsByItself?: true;
  start(instance: Instance, order: StartOrder): StartAnswer;
  look(instance: Instance, attempt: AttemptRef): PlatformView;
  /** Where it names what it started only afterwards. */
  identify?(instance: Instance, attempt: AttemptRef): string | undefined;
  cancel(instance: Instance, attempt: AttemptRef, graceMs: number): void;
  lane(
    instance: Instance,
    attempt: AttemptRef,
  ): { readonly entries: readonly LaneEntry[]; readonly final: boolean; readonly as_of_ms?: number };
  forget(executionId: string): void;
  /** The instance has died: what of the platform lived in its memory is lost. */
  instanceDied(instance: Instance): void;
  /** Whether a runner of this attempt can never begin any more. */
  isRuledOut(executionId: string, attempt: number): boolean;
  /** Since when nothing of the run lives or can begin; undefined while something may. */
  quietSinceMs(run: RunTruth): number | undefined;
}

/** The platform's port as one instance sees it. */
export function jobsOf(instance: Instance, model: PlatformModel): JobRunner {
  const { world } = instance;
  const call = <T>(name: string, isWrite: boolean, effect: () => T) =>
    instance.call({ port: 'platform', name, isWrite }, async () => effect());
  const looking = lookingOf(world);
  const labelOf = ({ execution_id }: { readonly execution_id: string }) => world.runs.get(execution_id)?.label ?? '';
  return {
    isolations: ['process'],
    longestGraceMs: model.longestGraceMs,
    ...(model.nameOf ? { nameOf: model.nameOf } : {}),
    ...(model.forgetsByItself ? { forgetsByItself: true } : {}),
    start: (order) =>
      call(`start ${labelOf(order)}`, true, () => {
        const run = world.runs.get(order.execution_id);
        if (run) noteStart(world, run, order);
        return model.start(instance, order);
      }),
    ...(model.identify
      ? {
          identify: (attempt: AttemptRef) =>
            call(`identify ${labelOf(attempt)}`, false, () => model.identify?.(instance, attempt)),
        }
      : {}),
    async look(attempt) {
      const key = `${attempt.execution_id}/${attempt.attempt}`;
      const others = looking.get(key) ?? 0;
      if (others > 0) world.reach('looks-overlap');
      looking.set(key, others + 1);
      const done = () => looking.set(key, (looking.get(key) ?? 1) - 1);
      instance.whenDead(done);
      try {
        const view = await call(`look at ${labelOf(attempt)}`, false, () => model.look(instance, attempt));
        if (view.state === 'alive' && view.unwatched) world.reach('unwatched-command');
        const { attempt: number } = attempt;
        world.runs.get(attempt.execution_id)?.looks.push({ attempt: number, atMs: world.nowMs, state: view.state });
        return view;
      } finally {
        if (instance.isAlive) done();
      }
    },
    async cancel(attempt, { grace_ms }) {
      const run = world.runs.get(attempt.execution_id);
      try {
        await call(`cancel ${labelOf(attempt)}`, true, () => {
          world.trace.step(`${instance.name} cancels ${run?.label} attempt ${attempt.attempt}`);
          noteCancel(world, run, model.tasks);
          model.cancel(instance, attempt, grace_ms);
        });
      } catch (error) {
        world.reach('cancel-fails');
        throw error;
      }
    },
    async readSafetyLane(attempt): Promise<SafetyLane> {
      const beganMs = world.nowMs;
      try {
        const { entries, final, as_of_ms } = await call(`open lane of ${labelOf(attempt)}`, false, () =>
          model.lane(instance, attempt),
        );
        const where = `${instance.name} lane of ${labelOf(attempt)}`;
        const nth = world.nth(where);
        const breaks = world.strikes('lane-read-breaks', `${where} ${nth}`);
        return {
          final,
          ...(as_of_ms === undefined ? {} : { as_of_ms }),
          entries: readEntries(world, attempt, { entries, final, beganMs: as_of_ms ?? beganMs, breaks }),
        };
      } catch (error) {
        world.reach('lane-unreadable');
        throw error;
      }
    },
    async list() {
      return { executions: [] };
    },
    forget: (executionId) => call('forget', true, () => model.forget(executionId)),
  };
}

/** [tick-idempotent]: whoever stored an attempt asks for its start, once, and nobody else, however many look. */
function noteStart(world: World, run: RunTruth, { attempt, token }: StartOrder): void {
  const stored = run.execution?.facts.attempts.find((known) => known.attempt === attempt);
  if (stored?.token_hash !== hashToken(token)) {
    world.violate('tick-idempotent', `attempt ${attempt} of ${run.label} is started and is not the one that is stored`);
  }
  if (run.startsAsked.has(attempt)) {
    world.violate('tick-idempotent', `attempt ${attempt} of ${run.label} is started a second time`);
  }
  run.startsAsked.add(attempt);
}

const LOOKING = new WeakMap<World, Map<string, number>>();

function lookingOf(world: World): Map<string, number> {
  const known = LOOKING.get(world) ?? new Map<string, number>();
  LOOKING.set(world, known);
  return known;
}

function noteCancel(world: World, run: RunTruth | undefined, tasks: readonly Task[]): void {
  const execution = run?.execution;
  if (!run || !execution) return;
  const { stop, report } = execution.facts;
  const own = tasks.filter((task) => task.run === run && task.isAlive);
  if (stop && own.some((task) => task.isCancelled)) world.reach('cancel-again');
  if (report && own.some((task) => task.isRunnerAlive)) world.reach('lingering-runner');
  if (own.every((task) => task.runner?.command?.isAlive === false)) world.reach('cancel-too-late');
  if (!stop && !report && own.some((task) => task.isCommandAlive && !task.isRunnerAlive)) world.reach('silent-runner');
}

async function* readEntries(
  world: World,
  attempt: AttemptRef,
  read: {
    readonly entries: readonly LaneEntry[];
    readonly final: boolean;
    readonly beganMs: number;
    readonly breaks: boolean;
  },
) {
  let sawReport = false;
  let left = Math.floor(read.entries.length / 2);
  const run = world.runs.get(attempt.execution_id);
  for (const { entry } of read.entries) {
    if (read.breaks && left-- <= 0) break;
    sawReport ||= entry.runvoy === 'finished';
    noteLane(world, run, entry.runvoy === 'finished' ? 'report' : entry.body.from);
    yield entry;
  }
  if (read.breaks) {
    world.reach('lane-unreadable');
    world.trace.step(`the safety lane of ${run?.label} cannot be read to its end`);
    throw new SimulatedOutage('the lane broke off');
  }
  const { beganMs, final } = read;
  run?.laneReads.push({ attempt: attempt.attempt, beganMs, final, sawReport });
}

/** Notes what the safety lane brought, and whether the fast lane had brought it before. */
export function noteLane(world: World, run: RunTruth | undefined, what: number | 'report'): void {
  if (!run) return;
  if (what !== 'report' && run.byFastLane.has(what) && run.chunks.has(what)) world.reach('batch-in-both-lanes');
  if (what !== 'report' && run.endStoredMs !== undefined && !run.chunks.has(what)) world.reach('refilled-after-end');
  run.bySafetyLane.add(what);
}
