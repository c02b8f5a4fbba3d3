import type { CancelBody, ExecutionStatus, QueueBody } from '@runvoy/protocol';

/** How a status is coloured; the words carry the meaning. */
export type StatusTone = 'waiting' | 'active' | 'good' | 'bad' | 'stopped';

const STATUS: Readonly<Record<ExecutionStatus, { readonly word: string; readonly tone: StatusTone }>> = {
  STARTING: { word: 'Starting', tone: 'waiting' },
  RUNNING: { word: 'Running', tone: 'active' },
  TERMINATING: { word: 'Stopping', tone: 'waiting' },
  SUCCEEDED: { word: 'Succeeded', tone: 'good' },
  FAILED: { word: 'Failed', tone: 'bad' },
  STOPPED: { word: 'Stopped', tone: 'stopped' },
};

/** A status as one word, with its tone. A status this page does not know is shown as it came. */
export function statusWord(status: ExecutionStatus): { readonly word: string; readonly tone: StatusTone } {
  return STATUS[status] ?? { word: status, tone: 'waiting' };
}

const REASONS: Readonly<Record<string, string>> = {
  queue_timeout: 'it waited too long for a slot',
  timeout: 'it took longer than it may',
  lost: 'its runner stopped answering',
  image_pull: 'its image could not be pulled',
  out_of_memory: 'it ran out of memory',
  output_limit: 'it wrote more than it may',
  bootstrap_conflict: 'a second runner claimed it',
  terminated: 'the platform ended it',
  git_clone: 'its repository could not be cloned',
  workspace: 'its workspace could not be prepared',
  spawn: 'its command could not be started',
};

/** Why a run is in the state it is in, as a clause; an unknown reason is shown in its own words. */
export function reasonText(reason: string): string {
  return REASONS[reason] ?? reason.replaceAll('_', ' ');
}

/** What the run needs before it goes on, and its place where it waits for a slot. */
export function waitingText(waitingFor: string, queue?: QueueBody): string {
  if (waitingFor !== 'slot') return `waiting for ${waitingFor.replaceAll('_', ' ')}`;
  return queue === undefined ? 'waiting for a slot' : `waiting for a slot, place ${queue.place} of ${queue.waiting}`;
}

/** One step of a stop; `at` is set once it has happened. */
export interface StopStep {
  readonly name: string;
  readonly at: string | undefined;
}

/** The way of a stop. SIGKILL is left out when the run went without it. */
export function stopSteps(cancel: CancelBody): readonly StopStep[] {
  const steps: StopStep[] = [
    { name: 'requested', at: cancel.requested },
    { name: 'SIGTERM', at: cancel.signalled },
    { name: 'SIGKILL', at: cancel.killed },
    { name: 'confirmed gone', at: cancel.confirmed },
  ];
  return steps.filter((step) => step.name !== 'SIGKILL' || step.at !== undefined || cancel.confirmed === undefined);
}
