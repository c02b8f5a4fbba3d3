import { timestamp, type Condition, type Execution } from './wire.ts';

/** Puts one condition in the place of its type. */
export function setCondition(execution: { conditions: Condition[] }, at: number, condition: Condition): void {
  const dated = { ...condition, lastTransitionTime: timestamp(at) };
  const index = execution.conditions.findIndex(({ type }) => type === condition.type);
  if (index < 0) execution.conditions.push(dated);
  else execution.conditions[index] = dated;
}

/** A new execution: accepted, nothing of it is there yet. */
export function acceptedConditions(at: number): Condition[] {
  const lastTransitionTime = timestamp(at);
  const waiting = ['ResourcesAvailable', 'Started', 'ContainerReady'].map((type) => ({
    type,
    state: 'CONDITION_PENDING' as const,
    lastTransitionTime,
  }));
  return [{ type: 'Completed', state: 'CONDITION_RECONCILING', lastTransitionTime }, ...waiting];
}

/** Its containers run, or are about to. The Retry condition stays for good: it means nothing (gcp.md 1.4). */
export function markStarted(execution: Execution, at: number, sinceMs: number): void {
  const state = 'CONDITION_SUCCEEDED';
  const seconds = (sinceMs / 1000).toFixed(2);
  setCondition(execution, at, { type: 'ContainerReady', state, message: 'Imported container image.' });
  setCondition(execution, at, { type: 'ResourcesAvailable', state, message: 'Provisioned imported containers.' });
  setCondition(execution, at, { type: 'Started', state, message: `Started deployed execution in ${seconds}s.` });
  setCondition(execution, at, {
    type: 'Retry',
    state,
    severity: 'INFO',
    reason: 'IMMEDIATE_RETRY',
    message: 'System will retry after 0:00:00 from lastTransitionTime for attempt 0.',
  });
}

export function markCancelling(execution: Execution, at: number): void {
  setCondition(execution, at, {
    type: 'Completed',
    state: 'CONDITION_RECONCILING',
    executionReason: 'CANCELLING',
    message: `Execution ${execution.name.split('/').at(-1)} is being cancelled.`,
  });
}
