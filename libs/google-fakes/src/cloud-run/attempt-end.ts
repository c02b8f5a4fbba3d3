import type { ContainerEnd } from '../containers/container-process.ts';
import type { Platform } from './platform.ts';
import type { Container, TaskAttemptResult } from './wire.ts';

/** How one attempt of one task ended. */
export type AttemptEnd = { succeeded: boolean; cancelled: boolean; message: string; result: TaskAttemptResult };

/** Why the platform ended an attempt; nothing when the containers did. */
export type Cause = 'timeout' | 'memory' | 'probe' | 'start' | 'cancel' | undefined;

const MESSAGE = {
  exit: 'The container exited with an error.',
  timeout: 'The configured timeout was reached.',
  memory: 'The configured memory limit was reached.',
  probe: 'The user-provided container failed the configured startup probe checks.',
  start: 'The container failed to start.',
  cancel: 'The task was cancelled.',
} as const;

const ABORTED = 10;
const CANCELLED = 1;

type Rule = Pick<Platform, 'ends' | 'mainContainer'>;

/** A single container may have no name. */
export function containerName(container: Container | undefined): string {
  return container?.name || 'job-1';
}

export function hasFailed(end: ContainerEnd): boolean {
  return !('exitCode' in end) || end.exitCode !== 0;
}

/** The one whose exit decides under `main-exit`: as told, otherwise the one with ports, otherwise the first. */
export function mainContainer({ mainContainer: told }: Rule, containers: readonly Container[]): string {
  return told ?? containerName(containers.find(({ ports }) => ports.length > 0) ?? containers[0]);
}

/** What an attempt came to, from the ends of its containers in the order they came. */
export function attemptEnd(
  rule: Rule,
  containers: readonly Container[],
  ends: ReadonlyMap<string, ContainerEnd>,
  cause: Cause,
): AttemptEnd {
  const deciding = decidingEnd(rule, containers, ends);
  const told = deciding ? exitOf(deciding) : {};
  if (cause === 'cancel') {
    const status = { code: CANCELLED, message: MESSAGE.cancel };
    return { succeeded: false, cancelled: true, message: MESSAGE.cancel, result: { status, ...told } };
  }
  if (!cause && deciding && !hasFailed(deciding)) return { succeeded: true, cancelled: false, message: '', result: {} };
  const message = MESSAGE[cause ?? 'exit'];
  return { succeeded: false, cancelled: false, message, result: { status: { code: ABORTED, message }, ...told } };
}

function decidingEnd(rule: Rule, containers: readonly Container[], ends: ReadonlyMap<string, ContainerEnd>) {
  const inOrder = [...ends.values()];
  if (rule.ends === 'any-exit') return inOrder[0];
  if (rule.ends === 'main-exit') return ends.get(mainContainer(rule, containers)) ?? inOrder[0];
  return inOrder.find(hasFailed) ?? inOrder[0];
}

/** At most one of the two, and neither for 0 or when nothing ran. */
function exitOf(end: ContainerEnd): TaskAttemptResult {
  if ('signal' in end) return { termSignal: end.signal };
  return 'exitCode' in end && end.exitCode !== 0 ? { exitCode: end.exitCode } : {};
}
