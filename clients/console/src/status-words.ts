import type { CancelBody, ExecutionStatus, ExecutionStatusBody } from '@runvoy/protocol';
import { queueText, whyText, withPlace, type Why } from '@runvoy/sdk/texts';

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

/** Why a run is in its state, in the server's words, with its place in the queue; undefined where its status says it all. */
export function stateText(run: Why & Pick<ExecutionStatusBody, 'queue'>): string | undefined {
  return withPlace(whyText(run), run.queue && queueText(run.queue));
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
