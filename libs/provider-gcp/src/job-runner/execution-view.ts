import type { PlatformEnd, PlatformView } from '@runvoy/core';
import type { PlatformReason, WaitingFor } from '@runvoy/protocol';
import type { RunCondition, RunExecution, RunTask } from './run-resources.ts';

/** What the platform's answer means. `tasks` are asked for only where `needsTasks` says so. */
export function viewOf(execution: RunExecution, tasks: readonly RunTask[]): PlatformView {
  const { name: platform_execution, completedMs } = execution;
  // The time of completion alone says that nothing lives: the count of running tasks falls to 0 before it is written.
  if (completedMs !== undefined) return { state: 'ended', end: endOf(execution, completedMs, tasks) };
  if (hasBegun(execution)) return { state: 'alive', platform_execution, unwatched: false };
  const waiting = waitingFor(execution.conditions);
  return { state: 'starting', platform_execution, ...(waiting === undefined ? {} : { waiting_for: waiting }) };
}

/** True when only the tasks can tell how it ended: exit codes and signals stand nowhere else. */
export function needsTasks({ completedMs, succeeded, cancelled }: RunExecution): boolean {
  return completedMs !== undefined && cancelled === 0 && succeeded === 0;
}

/** True when a cancel is on its way, or has worked. */
export function isBeingCancelled({ cancelled, conditions }: RunExecution): boolean {
  return cancelled > 0 || conditions.some(({ reason }) => reason === 'CANCELLING' || reason === 'CANCELLED');
}

function hasBegun({ startedMs, running, succeeded, failed, cancelled }: RunExecution): boolean {
  return startedMs !== undefined || running + succeeded + failed + cancelled > 0;
}

/** Counters first: conditions are written apart from them, later, and in no order. */
function endOf(execution: RunExecution, at_ms: number, tasks: readonly RunTask[]): PlatformEnd {
  const { name: platform_execution, cancelled, failed, succeeded } = execution;
  const at = { platform_execution, at_ms, ...chargedFor(execution) };
  if (cancelled > 0) return { ...at, kind: 'cancelled' };
  if (failed === 0 && succeeded > 0) return { ...at, kind: 'exited' };
  const completed = execution.conditions.find(({ type }) => type === 'Completed');
  if (failed === 0 && completed?.reason === 'CANCELLED') return { ...at, kind: 'cancelled' };
  const reason = failureReason(execution.conditions, tasks);
  const details = failureDetails(completed, tasks);
  const isUnbegun = !hasBegun({ ...execution, failed: 0 }) && !tasks.some(hasRun);
  return {
    ...at,
    kind: isUnbegun ? 'never_started' : 'exited',
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
  };
}

/** What Cloud Run charges: from the execution's start on, which is a little before its task's, and all containers. */
function chargedFor({ startedMs, vcpu, memoryMib }: RunExecution) {
  return {
    ...(startedMs === undefined ? {} : { started_at_ms: startedMs }),
    ...(vcpu === undefined ? {} : { vcpu }),
    ...(memoryMib === undefined ? {} : { memory_mib: memoryMib }),
  };
}

function hasRun({ hasStarted, exitCode, termSignal }: RunTask): boolean {
  return hasStarted || exitCode !== undefined || termSignal !== undefined;
}

/** What keeps a container from beginning, by the reason of a condition. */
const REASONS: Readonly<Record<string, PlatformReason>> = {
  CONTAINER_MISSING: 'image_pull',
  CONTAINER_PERMISSION_DENIED: 'image_pull',
  CONTAINER_IMAGE_UNAUTHORIZED: 'image_pull',
  CONTAINER_IMAGE_AUTHORIZATION_CHECK_FAILED: 'image_pull',
  VPC_NETWORK_NOT_FOUND: 'network',
  DELETED: 'deleted',
};

/** What Cloud Run tells only in words, as recorded; the first that fits. */
const WORDS: readonly (readonly [RegExp, PlatformReason])[] = [
  [/memory limit|out of memory|\boom\b/i, 'out_of_memory'],
  [/maximum timeout|configured timeout|timeout .*reached|exceeded .*timeout/i, 'timeout'],
  [/quota/i, 'quota'],
  [/failed to pull|pulling image|image .*not found|image .*(?:unavailable|could not be)/i, 'image_pull'],
];

/** The stable word for a failure of the platform, or none when the container simply ended. */
export function failureReason(
  conditions: readonly RunCondition[],
  tasks: readonly { readonly message: string }[],
): PlatformReason | undefined {
  const telling = conditions.filter(({ type, state }) => type !== 'Retry' && state === 'failed');
  const named = telling.flatMap(({ reason }) => REASONS[reason] ?? [])[0];
  return named ?? [...tasks, ...telling].flatMap(({ message }) => wordFor(message) ?? [])[0];
}

/** The stable word for a sentence of Cloud Run's. */
export function wordFor(sentence: string): PlatformReason | undefined {
  return WORDS.find(([form]) => form.test(sentence))?.[1];
}

function failureDetails(completed: RunCondition | undefined, tasks: readonly RunTask[]): string | undefined {
  const task = tasks[0];
  const how =
    task?.termSignal !== undefined
      ? `a container was ended by signal ${task.termSignal}`
      : task?.exitCode !== undefined
        ? `a container exited with ${task.exitCode}`
        : undefined;
  const said = task?.message || completed?.message || undefined;
  return [how, said].filter((part) => part !== undefined).join(': ') || undefined;
}

/** What an execution that has not begun waits for. `Retry` stands on runs that succeed, too: it tells nothing. */
function waitingFor(conditions: readonly RunCondition[]): WaitingFor | undefined {
  const open = conditions.filter(({ type, state }) => type !== 'Retry' && state !== 'succeeded');
  for (const { reason, message } of open) {
    const word = REASONS[reason];
    if (word === 'image_pull' || word === 'network') return word;
    if (/quota/i.test(message)) return 'quota';
    if (reason === 'DELAYED_START_PENDING') return 'capacity';
  }
  if (open.some(({ type }) => type === 'ContainerReady')) return 'image_pull';
  if (open.some(({ type }) => type === 'ResourcesAvailable')) return 'capacity';
  return undefined;
}
