import { setTimeout as pause } from 'node:timers/promises';
import type { LogEntry } from '../log-entry.ts';
import type { AttemptEnd } from './attempt-end.ts';
import type { AuditLog } from './audit-log.ts';
import { markStarted, setCondition } from './conditions.ts';
import type { CompletionEvents } from './completion-events.ts';
import { shortName } from './names.ts';
import type { Operation } from './operations.ts';
import type { Platform } from './platform.ts';
import type { LogSource, RunLog } from './run-log.ts';
import { runAttempt } from './task-attempt.ts';
import { timestamp, type Execution, type Task } from './wire.ts';

/** An execution with everything that happens around it. */
export type ExecutionRecord = {
  execution: Execution;
  tasks: Task[];
  /** The operation of RunJob. */
  operation: Operation;
  /** Aborted when somebody cancels. */
  cancel: AbortController;
  /** When lists begin to show it. */
  listedFrom: number;
  /** Resolves when completionTime is written. */
  completed: Promise<void>;
  /** Task index and container name -> how the out-of-memory killer takes it. */
  running: Map<string, () => void>[];
};

export type CourseParts = {
  platform: Platform;
  log: RunLog;
  audit: AuditLog;
  events: Pick<CompletionEvents, 'emit'>;
  close: AbortSignal;
};

/** Takes an accepted execution to its end: start, tasks with their retries, completion, event. Never rejects. */
export async function runCourse(record: ExecutionRecord, source: LogSource, parts: CourseParts): Promise<void> {
  const { platform, close } = parts;
  const { execution } = record;
  const acceptedAt = platform.now();
  const unstarted = await becomeReady(record, parts);
  if (close.aborted) return;
  if (unstarted) failUnstarted(record, platform, unstarted);
  else {
    const at = platform.now();
    execution.startTime = timestamp(at);
    markStarted(execution, at, at - acceptedAt);
    await runTasks(record, source, parts);
  }
  // The counters are final some time before the completion time is there (gcp.md 1.4).
  await pause(platform.completionLagMs, undefined, { signal: close }).catch(() => undefined);
  if (close.aborted) return;
  complete(record, parts);
}

/** Resolves to why nothing will start, or to nothing when the containers may start. */
async function becomeReady(record: ExecutionRecord, { platform, close }: CourseParts): Promise<Unstarted | undefined> {
  const signal = AbortSignal.any([close, record.cancel.signal]);
  try {
    await pause(platform.startMs + platform.faults.startDelayMs, undefined, { signal });
    for (const { image } of record.execution.template.containers) {
      const fault = platform.faults.images.get(image);
      if (fault === 'forbidden') return forbiddenImage(image);
      if (fault === 'missing' || !platform.images[image]) return missingImage(image);
      if (fault) await pause(fault.pullMs, undefined, { signal });
    }
    return undefined;
  } catch {
    return { message: 'The execution was cancelled before it started.' };
  }
}

type Unstarted = { message: string; reason?: 'CONTAINER_MISSING' | 'CONTAINER_PERMISSION_DENIED' };

export function missingImage(image: string): Unstarted {
  return { message: `Image '${image}' not found.`, reason: 'CONTAINER_MISSING' };
}

function forbiddenImage(image: string): Unstarted {
  const message = `Cloud Run Service Agent must have permission to read the image, ${image}.`;
  return { message, reason: 'CONTAINER_PERMISSION_DENIED' };
}

function failUnstarted(
  { execution, tasks, cancel }: ExecutionRecord,
  platform: Platform,
  { message, reason }: Unstarted,
): void {
  const at = platform.now();
  if (reason)
    setCondition(execution, at, {
      type: 'ContainerReady',
      state: 'CONDITION_FAILED',
      severity: 'ERROR',
      reason,
      message,
    });
  for (const task of tasks) {
    task.completionTime = timestamp(at);
    setCondition(task, at, { type: 'Completed', state: 'CONDITION_FAILED', message, ...(reason && { reason }) });
    // Nothing ran, so there is neither an exit code nor a signal.
    task.lastAttemptResult = { status: { code: cancel.signal.aborted ? 1 : 9, message } };
  }
  if (cancel.signal.aborted) execution.cancelledCount = tasks.length;
  else execution.failedCount = tasks.length;
}

/** As many at once as `parallelism` says; 0 means all. */
async function runTasks(record: ExecutionRecord, source: LogSource, parts: CourseParts): Promise<void> {
  const waiting = [...record.tasks];
  const lanes = record.execution.parallelism || waiting.length;
  const lane = async () => {
    for (let task = waiting.shift(); task; task = waiting.shift()) await runTask(record, task, source, parts);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function runTask(record: ExecutionRecord, task: Task, source: LogSource, parts: CourseParts): Promise<void> {
  const { execution, cancel } = record;
  const { platform, log, close } = parts;
  const running = (record.running[task.index] ??= new Map());
  count(execution, 'runningCount', 1);
  task.startTime = timestamp(platform.now());
  setCondition(task, platform.now(), { type: 'Started', state: 'CONDITION_SUCCEEDED' });
  let end: AttemptEnd;
  for (let attempt = 0; ; attempt++) {
    const { taskCount, template } = execution;
    const which = { taskIndex: task.index, taskCount, attempt };
    end = await runAttempt({ platform, log, source, template, ...which, cancel: cancel.signal, close, running });
    task.lastAttemptResult = end.result;
    if (end.succeeded || end.cancelled || attempt >= task.maxRetries || close.aborted) break;
    task.retried = attempt + 1;
    count(execution, 'retriedCount', 1);
  }
  const at = platform.now();
  task.completionTime = timestamp(at);
  const state = end.succeeded ? 'CONDITION_SUCCEEDED' : 'CONDITION_FAILED';
  setCondition(task, at, { type: 'Completed', state, ...(end.message && { message: end.message }) });
  count(execution, 'runningCount', -1);
  count(execution, end.succeeded ? 'succeededCount' : end.cancelled ? 'cancelledCount' : 'failedCount', 1);
}

/** Writes the completion time, and tells of it. */
export function complete(record: ExecutionRecord, { platform, audit, events }: CourseParts): void {
  const { execution, tasks, operation, cancel } = record;
  const at = platform.now();
  const name = shortName(execution.name);
  execution.completionTime = timestamp(at);
  execution.updateTime = timestamp(at);
  execution.reconciling = false;
  const wasCancelled = cancel.signal.aborted && (execution.cancelledCount ?? 0) > 0;
  const succeeded = (execution.succeededCount ?? 0) === execution.taskCount;
  const bad = tasks.find(({ lastAttemptResult }) => lastAttemptResult?.status);
  const missing = execution.conditions.find(
    ({ type, state }) => type === 'ContainerReady' && state === 'CONDITION_FAILED',
  );
  const type = 'Completed';
  if (succeeded) {
    setCondition(execution, at, { type, state: 'CONDITION_SUCCEEDED', message: 'Execution completed successfully.' });
    operation.end({ response: execution });
  } else {
    const message = wasCancelled
      ? `Execution ${name} was cancelled.`
      : missing
        ? (missing.message ?? '')
        : `Task ${shortName(bad?.name ?? '')} failed with message: ${bad?.lastAttemptResult?.status?.message ?? ''}`;
    const reason = wasCancelled
      ? { executionReason: 'CANCELLED' }
      : missing
        ? { reason: missing.reason ?? 'CONTAINER_MISSING' }
        : { executionReason: 'NON_ZERO_EXIT_CODE' };
    setCondition(execution, at, { type, state: 'CONDITION_FAILED', severity: 'ERROR', message, ...reason });
    operation.end({ error: { code: 10, message } });
  }
  if (!wasCancelled || platform.cancelEmitsEvent) events.emit(completionEntry(execution, audit, succeeded));
}

function completionEntry(execution: Execution, audit: AuditLog, succeeded: boolean): LogEntry {
  const name = shortName(execution.name);
  if (succeeded) return audit.completion(execution, { message: `Execution ${name} has completed successfully.` });
  const score = `${execution.succeededCount ?? 0}/${execution.taskCount} tasks were a success.`;
  return audit.completion(execution, { code: 10, message: `Execution ${name} has failed to complete, ${score}` });
}

type Counter = 'runningCount' | 'succeededCount' | 'failedCount' | 'cancelledCount' | 'retriedCount';

export function count(execution: Execution, counter: Counter, by: number): void {
  execution[counter] = (execution[counter] ?? 0) + by;
}
