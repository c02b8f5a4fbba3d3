import type { RunvoyEvents, RunvoyEventType } from '@runvoy/protocol';
import type { CloudEventEnvelope, EventBus } from './event-bus.ts';
import type { DeclaredQuery, Records, Ref, Tx } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';

/** An event that was stored with what it tells, and waits to be published. */
export interface OutboxEntry {
  readonly created_at_ms: Millis;
  readonly event: CloudEventEnvelope;
}

const outboxRef = (id: string): Ref<OutboxEntry> => ({ collection: 'outbox', id });
const outboxOldestFirst: DeclaredQuery<OutboxEntry> = { name: 'outboxOldestFirst' };

/** An event in CloudEvents form. The id is derived by the caller from what happened, so that telling it twice is one event. */
export function newEvent<T extends RunvoyEventType>(
  type: T,
  data: RunvoyEvents[T],
  about: { readonly id: string; readonly subject: string; readonly at_ms: Millis },
): CloudEventEnvelope {
  return {
    specversion: '1.0',
    id: about.id,
    source: '/runvoy/core',
    type,
    subject: about.subject,
    time: new Date(about.at_ms).toISOString(),
    datacontenttype: 'application/json',
    data,
  };
}

/** Puts the event into the transaction of what it tells: both are stored or neither. */
export function addToOutbox(tx: Tx, event: CloudEventEnvelope, nowMs: Millis): void {
  tx.set(outboxRef(event.id), { created_at_ms: nowMs, event });
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
    await bus.publish(entry.value.event);
    await records.delete(outboxRef(entry.id));
  }
  return waiting.length;
}
