import type { DeadLettersStatus, TopicsStatus } from '@runvoy/protocol';
import { openDeadLetters, type DeadLettersDeps } from '../events/dead-letters.ts';
import { outboxOldestFirst } from '../events/outbox.ts';
import type { Records } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';
import { healthIssue } from './health-checks.ts';
import type { Findings } from './health-probe.ts';

/** The outbox is emptied every minute. */
const WAITING_MS = 300_000;
const COUNTED = 100;

export const NO_TOPICS: TopicsStatus = { waiting_events: 0, oldest_waiting_seconds: null };

/** Whether events get away: what waits in the outbox says it without publishing anything. */
export async function checkTopics(records: Records, nowMs: Millis): Promise<Findings<TopicsStatus>> {
  const { records: waiting } = await records.page(outboxOldestFirst, { limit: COUNTED });
  const oldest = waiting[0]?.value;
  const waited = oldest && Math.max(0, nowMs - oldest.created_at_ms);
  const isLate = waited !== undefined && waited > WAITING_MS;
  const details = `${waiting.length} wait, the oldest for ${Math.round((waited ?? 0) / 60_000)} min.`;
  return {
    status: {
      waiting_events: waiting.length,
      oldest_waiting_seconds: waited === undefined ? null : Math.round(waited / 1000),
    },
    issues: isLate ? [healthIssue('events_waiting', 'outbox', details)] : [],
    unchecked: [],
  };
}

/** How many events were put aside and are neither sent again nor given up. */
export async function checkDeadLetters(deps: DeadLettersDeps): Promise<Findings<DeadLettersStatus>> {
  const count = await openDeadLetters(deps).count();
  const issues = count === 0 ? [] : [healthIssue('dead_letters', 'dead-letters', `There are ${count}.`)];
  return { status: { count }, issues, unchecked: [] };
}
