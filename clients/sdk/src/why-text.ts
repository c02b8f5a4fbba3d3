import type { ExecutionStatus } from '@runvoy/protocol';

/** What a server says of a run's state; an older one sends no text. */
export interface Why {
  readonly status: ExecutionStatus;
  readonly reason?: string | undefined;
  readonly waiting_for?: string | undefined;
  readonly reason_text?: string | undefined;
}

/** Of these the status itself says it all, when no word is beside it. */
const SELF_EVIDENT: readonly ExecutionStatus[] = ['STARTING', 'RUNNING', 'SUCCEEDED'];

/** Why a run is in its state, in the server's words; undefined where its status says it all. */
export function whyText({ status, reason, waiting_for, reason_text }: Why): string | undefined {
  const isSelfEvident = reason === undefined && waiting_for === undefined && SELF_EVIDENT.includes(status);
  return isSelfEvident ? undefined : (reason_text ?? wordText({ reason, waiting_for }));
}

function wordText({ reason, waiting_for }: Pick<Why, 'reason' | 'waiting_for'>): string | undefined {
  const wait = waiting_for === undefined ? undefined : `waiting for ${waiting_for.replaceAll('_', ' ')}`;
  return reason?.replaceAll('_', ' ') ?? wait;
}

/** Why a run waits, with its place in the queue where that is known. */
export function withPlace(why: string | undefined, place: string | undefined): string | undefined {
  return why === undefined || place === undefined ? why : `${why}: ${place}`;
}
