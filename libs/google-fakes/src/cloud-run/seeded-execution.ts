import { markStarted } from './conditions.ts';
import { complete, count, type ExecutionRecord } from './execution-course.ts';
import { shortName } from './names.ts';
import { effectiveTemplate } from './overrides.ts';
import { newExecution, type RunJobParts } from './run-job.ts';
import { timestamp, type EnvVar } from './wire.ts';

/** How something seeded has ended, or is to end. */
export interface SeededEnd {
  readonly atMs: number;
  readonly exitCode: number;
}

/** An execution that a test says is there: nothing of it runs, and its times are what the test says. */
export interface SeededExecution {
  /** Full name of its job, which must be there. */
  readonly job: string;
  /** Container to what RunJob would have set there. */
  readonly env: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly createdMs: number;
  /** Absent: it lives, until it is cancelled or a test ends it. `waiting`: it has not begun. */
  readonly state?: 'waiting' | SeededEnd;
}

/** Puts it into the store, as the newest of its job, without an event and without an entry in any log. */
export function seedExecution(parts: RunJobParts, { job: name, env, createdMs, state }: SeededExecution): string {
  const job = parts.store.job(name);
  const containerOverrides = Object.entries(env).map(([container, variables]) => ({
    name: container,
    args: [],
    env: Object.entries(variables).map(([variable, value]): EnvVar => ({ name: variable, value, values: 'value' })),
  }));
  const platform = { ...parts.platform, now: () => createdMs };
  const record = newExecution({ ...parts, platform }, job, effectiveTemplate(job.template, { containerOverrides }), '');
  const { execution } = record;
  parts.store.executions.set(execution.name, record);
  if (state !== 'waiting') begin(record, createdMs);
  const ended = Promise.withResolvers<void>();
  record.completed = ended.promise;
  if (state !== undefined && state !== 'waiting') finish(record, silent(parts), state);
  else record.cancel.signal.addEventListener('abort', () => endSeeded(record, parts, 'cancelled'));
  if (execution.completionTime) ended.resolve();
  else endings.set(record, ended.resolve);
  return shortName(execution.name);
}

/** Those that live, and who waits for their end. */
const endings = new WeakMap<ExecutionRecord, () => void>();

/** Ends one that lives, with its completion event. Throws for what is over or was not seeded. */
export function endSeeded(record: ExecutionRecord, parts: RunJobParts, how: SeededEnd | 'cancelled'): void {
  const tell = endings.get(record);
  if (!tell) throw new Error(`${shortName(record.execution.name)} was not seeded, or is over.`);
  endings.delete(record);
  finish(record, parts, how);
  tell();
}

function begin({ execution, tasks }: ExecutionRecord, atMs: number): void {
  execution.startTime = timestamp(atMs);
  markStarted(execution, atMs, 0);
  for (const task of tasks) task.startTime = timestamp(atMs);
  count(execution, 'runningCount', tasks.length);
}

function finish(record: ExecutionRecord, parts: RunJobParts, how: SeededEnd | 'cancelled'): void {
  const { execution, tasks } = record;
  const atMs = how === 'cancelled' ? parts.platform.now() : how.atMs;
  const exitCode = how === 'cancelled' ? 0 : how.exitCode;
  const counter = how === 'cancelled' ? 'cancelledCount' : exitCode === 0 ? 'succeededCount' : 'failedCount';
  count(execution, 'runningCount', -(execution.runningCount ?? 0));
  count(execution, counter, tasks.length);
  for (const task of tasks) {
    task.completionTime = timestamp(atMs);
    if (exitCode !== 0) {
      const message = 'The container exited with an error.';
      task.lastAttemptResult = { exitCode, status: { code: 10, message } };
    }
  }
  complete(record, { ...parts, platform: { ...parts.platform, now: () => atMs } });
}

/** It was over before anybody listened. */
function silent(parts: RunJobParts): RunJobParts {
  return { ...parts, events: { emit: () => undefined } };
}
