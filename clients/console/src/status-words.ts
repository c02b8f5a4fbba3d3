import type { CancelBody, ExecutionStatus, ExecutionStatusBody } from '@runvoy/protocol';

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

/** What a server says of a run's state; an older one sends no text. */
type Why = Pick<ExecutionStatusBody, 'status' | 'reason' | 'waiting_for' | 'reason_text' | 'queue'>;

/** Of these the status itself says it all, when no word is beside it. */
const SELF_EVIDENT: readonly ExecutionStatus[] = ['STARTING', 'RUNNING', 'SUCCEEDED'];

/** Why a run is in its state, in the server's words, with its place in the queue; undefined where its status says it all. */
export function whyText({ status, reason, waiting_for, reason_text, queue }: Why): string | undefined {
  if (reason === undefined && waiting_for === undefined && SELF_EVIDENT.includes(status)) return undefined;
  const wait = waiting_for === undefined ? undefined : `waiting for ${waiting_for.replaceAll('_', ' ')}`;
  const why = reason_text ?? wait ?? reason?.replaceAll('_', ' ');
  return queue === undefined ? why : `${why}, place ${queue.place} of ${queue.waiting}`;
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
