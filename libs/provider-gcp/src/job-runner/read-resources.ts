import { enumName, mibOf, timeMs, vcpuOf, wholeNumber } from './google-values.ts';
import { partsOf } from './job-parts.ts';
import { isMessage, messages, text, type Message } from './message.ts';
import { COMMON_REASON, CONDITION_STATE, EXECUTION_REASON } from './run-enums.ts';
import type { ListedJob, RunCondition, RunExecution, RunJob, RunTask } from './run-resources.ts';

/** The container of ours beside the user's. */
export const SIDECAR = 'sidecar';

const STATES: Readonly<Record<string, RunCondition['state']>> = {
  CONDITION_PENDING: 'pending',
  CONDITION_RECONCILING: 'reconciling',
  CONDITION_FAILED: 'failed',
  CONDITION_SUCCEEDED: 'succeeded',
};

export function readJob(answer: Message): RunJob {
  const { terminalCondition, reconciling, generation, observedGeneration } = answer;
  return {
    terminal: isMessage(terminalCondition) ? readCondition(terminalCondition) : undefined,
    parts: partsOf(answer),
    isSettling: reconciling === true || wholeNumber(observedGeneration) < wholeNumber(generation),
  };
}

export function readListedJob(answer: Message): ListedJob {
  const last = isMessage(answer['latestCreatedExecution']) ? answer['latestCreatedExecution'] : undefined;
  const isOver = last !== undefined && timeMs(last['completionTime']) !== undefined;
  return {
    ...readJob(answer),
    name: lastPart(text(answer['name'])),
    labels: isMessage(answer['labels']) ? (answer['labels'] as Record<string, string>) : {},
    etag: text(answer['etag']),
    createdMs: timeMs(answer['createTime']) ?? 0,
    lastRun: last && { createdMs: timeMs(last['createTime']) ?? 0, isOver },
  };
}

export function readExecution(answer: Message): RunExecution {
  const task = isMessage(answer['template']) ? answer['template'] : {};
  return {
    name: lastPart(text(answer['name'])),
    createdMs: timeMs(answer['createTime']) ?? 0,
    startedMs: timeMs(answer['startTime']),
    completedMs: timeMs(answer['completionTime']),
    running: wholeNumber(answer['runningCount']),
    succeeded: wholeNumber(answer['succeededCount']),
    failed: wholeNumber(answer['failedCount']),
    cancelled: wholeNumber(answer['cancelledCount']),
    conditions: messages(answer['conditions']).map(readCondition),
    labels: isMessage(answer['labels']) ? (answer['labels'] as Record<string, string>) : {},
    vcpu: sumOf(messages(task['containers']), 'cpu', vcpuOf),
    memoryMib: sumOf(messages(task['containers']), 'memory', mibOf),
    env: envOf(messages(task['containers']).find(({ name }) => name === SIDECAR)),
  };
}

/** The limits of all containers added up; undefined when there are none, or one cannot be read. */
function sumOf(
  containers: readonly Message[],
  name: 'cpu' | 'memory',
  read: (quantity: string) => number | undefined,
): number | undefined {
  const sizes = containers.map(({ resources }) => {
    const limits = isMessage(resources) && isMessage(resources['limits']) ? resources['limits'] : {};
    return read(text(limits[name]));
  });
  return sizes.length === 0 ? undefined : sizes.reduce((sum, size) => addKnown(sum, size), 0);
}

const addKnown = (sum: number | undefined, size: number | undefined) =>
  sum === undefined || size === undefined ? undefined : sum + size;

export function readTask(answer: Message): RunTask {
  const result = isMessage(answer['lastAttemptResult']) ? answer['lastAttemptResult'] : {};
  const status = isMessage(result['status']) ? result['status'] : {};
  return {
    // 0 is what an unset number looks like: counters tell a success.
    exitCode: wholeNumber(result['exitCode']) || undefined,
    termSignal: wholeNumber(result['termSignal']) || undefined,
    message: text(status['message']),
    hasStarted: timeMs(answer['startTime']) !== undefined,
  };
}

/** The sidecar's variables, of a container in either of the API's shapes. */
export function envOf(container: Message | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(messages(container?.['env']).map(({ name, value }) => [text(name), text(value)]));
}

function readCondition(condition: Message): RunCondition {
  // Which of the three is set is not said; the others are unset, empty or their own "undefined".
  const reason = [
    enumName(condition['executionReason'], EXECUTION_REASON),
    enumName(condition['reason'], COMMON_REASON),
  ].find((name) => !name.endsWith('_REASON_UNDEFINED'));
  return {
    type: text(condition['type']),
    state: STATES[enumName(condition['state'], CONDITION_STATE)] ?? 'unspecified',
    reason: reason ?? '',
    message: text(condition['message']),
  };
}

/** The short name at the end of a resource's full one. */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
