import type { RunvoyEvents, RunvoyEventType } from '@runvoy/protocol';
import { deadLetterRef, eventOf } from './dead-letter.ts';
import type { CloudEventEnvelope, EventBus } from './event-bus.ts';
import type { DeclaredQuery, Records, Ref, Tx } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';

/** An event that was stored with what it tells, and waits to be published; or the dead letter whose event waits. */
export type OutboxEntry = { readonly created_at_ms: Millis } & (
  { readonly event: CloudEventEnvelope } | { readonly dead_letter: string }
);

const outboxRef = (id: string): Ref<OutboxEntry> => ({ collection: 'outbox', id });
export const outboxOldestFirst: DeclaredQuery<OutboxEntry> = { name: 'outboxOldestFirst' };

/** An event in CloudEvents form. The id is derived by the caller from what happened, so that telling it twice is one event. */
export function newEvent<T extends RunvoyEventType>(
  type: T,
  data: RunvoyEvents[T],
  about: {
    readonly id: string;
    readonly subject: string;
    readonly at_ms: Millis;
    readonly traceparent?: string | undefined;
  },
): CloudEventEnvelope {
  return {
    specversion: '1.0',
    id: about.id,
    source: '/runvoy/core',
    type,
    subject: about.subject,
    time: new Date(about.at_ms).toISOString(),
    datacontenttype: 'application/json',
    ...(about.traceparent === undefined ? {} : { traceparent: about.traceparent }),
    data,
  };
}

/** Puts the event into the transaction of what it tells: both are stored or neither. */
export function addToOutbox(tx: Tx, event: CloudEventEnvelope, nowMs: Millis): void {
  tx.set(outboxRef(event.id), { created_at_ms: nowMs, event });
}

/** Puts the replay of a dead letter into the transaction that says so. Its event stays where it is: it may hold what no field can. */
export function addReplayToOutbox(tx: Tx, deadLetterId: string, nowMs: Millis): void {
  tx.set(outboxRef(`replay-${deadLetterId}`), { created_at_ms: nowMs, dead_letter: deadLetterId });
}

/**
 * Publishes what waits, oldest first, and forgets each entry after it was accepted: a crash between the two publishes again.
 * Returns how many were published. A failing bus leaves the rest for the next call.
 */
export async function drainOutbox(
  { records, bus }: { records: Records; bus: Pick<EventBus, 'publish'> },
  limit = 100,
): Promise<number> {
  const { records: waiting } = await records.page(outboxOldestFirst, { limit });
  for (const entry of waiting) {
    const event = await waitingEvent(records, entry.value);
    if (event) await bus.publish(event);
    await records.delete(outboxRef(entry.id));
  }
  return waiting.length;
}

/** Nothing when the dead letter is gone: it expired, and nobody can send it any more. */
async function waitingEvent(records: Records, entry: OutboxEntry): Promise<CloudEventEnvelope | undefined> {
  if ('event' in entry) return entry.event;
  const letter = await records.get(deadLetterRef(entry.dead_letter));
  return letter && eventOf(letter.value);
}
