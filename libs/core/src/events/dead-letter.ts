import type { ActedBy } from '../audit/audit.ts';
import { createHash } from 'node:crypto';
import type { DeclaredQuery, Ref } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';
import type { CloudEventEnvelope } from './event-bus.ts';

/** `open`: waits for an operator. The other two are kept for a while, to say who did it. */
export type DeadLetterState = 'open' | 'replayed' | 'dropped';

/** An event that nobody could carry out. */
export interface DeadLetter {
  readonly state: DeadLetterState;
  readonly event_id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  /** As the event says it. */
  readonly event_time: string;
  /** The event as JSON; absent when it was larger than a record may be. */
  readonly event?: Uint8Array;
  readonly event_bytes: number;
  /** Where it was refused: `/events/logs`. */
  readonly route: string;
  readonly reason: string;
  /** Deliveries before it was put aside, the last time. */
  readonly attempts: number;
  /** How often it was put aside: after a replay it may come back. */
  readonly deaths: number;
  readonly replays: number;
  readonly first_died_at_ms: Millis;
  readonly died_at_ms: Millis;
  /** What carried it here, the last ones: the same word delivered twice is one death. */
  readonly deliveries: readonly string[];
  readonly settled?: { readonly by: string; readonly request_id: string; readonly at_ms: Millis };
  readonly delete_at_ms: Millis;
}

/** What is told of an event when it is put aside. */
export interface Death {
  readonly event: CloudEventEnvelope;
  readonly reason: string;
  readonly attempts: number;
  readonly route: string;
  /** Names the message that told of it, where one may come twice. */
  readonly delivery?: string | undefined;
}

/** Why a message is among the dead letters, as it says itself. */
export type DeadLetterMark = Pick<Death, 'reason' | 'attempts' | 'route'>;

/** Reads what the provider, or we ourselves, wrote beside a message that was put aside. */
export type ReadDeadLetterMark = (attributes: Readonly<Record<string, string>>) => DeadLetterMark;

/** Beyond this an event does not fit a record beside what is said of it. No source of ours sends a quarter of it. */
const MAX_EVENT_BYTES = 900 * 1_024;
const MAX_TEXT_CHARS = 1_000;
const DELIVERIES_KEPT = 20;
/** How long one waits for an operator. */
export const OPEN_KEPT_MS = 90 * 86_400_000;
/** How long it is kept after somebody has seen to it. */
export const SETTLED_KEPT_MS = 30 * 86_400_000;

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

export const deadLetterRef = (id: string): Ref<DeadLetter> => ({ collection: 'dead-letters', id });
export const deadLettersByState: DeclaredQuery<DeadLetter> = { name: 'deadLettersByState' };

/** 20 base32 characters. The same event has the same one each time it is put aside. */
export function deadLetterIdOf({ source, id, type }: CloudEventEnvelope): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([source, id, type]))
    .digest();
  return Array.from(digest.subarray(0, 20), (byte) => BASE32[byte & 31]).join('');
}

/** True for what can be an id at all: anything else is never asked of the store. */
export const isDeadLetterId = (id: string): boolean => /^[a-z2-7]{20}$/.test(id);

/** The letter after this death: a new one, or the known one, open again. `undefined` when the death is known. */
export function withDeath(known: DeadLetter | undefined, death: Death, nowMs: Millis): DeadLetter | undefined {
  const { event, delivery } = death;
  if (delivery !== undefined && known?.deliveries.includes(delivery)) return undefined;
  const bytes = Buffer.from(JSON.stringify(event));
  return {
    state: 'open',
    event_id: short(event.id),
    source: short(event.source),
    type: short(event.type),
    ...(event.subject === undefined ? {} : { subject: short(event.subject) }),
    event_time: short(event.time ?? ''),
    ...(bytes.length > MAX_EVENT_BYTES ? {} : { event: bytes }),
    event_bytes: bytes.length,
    route: death.route,
    reason: short(death.reason),
    attempts: death.attempts,
    deaths: (known?.deaths ?? 0) + 1,
    replays: known?.replays ?? 0,
    first_died_at_ms: known?.first_died_at_ms ?? nowMs,
    died_at_ms: nowMs,
    deliveries: [...(known?.deliveries ?? []), ...(delivery === undefined ? [] : [delivery])].slice(-DELIVERIES_KEPT),
    delete_at_ms: nowMs + OPEN_KEPT_MS,
  };
}

/** The letter after somebody has seen to it. */
export function settled(letter: DeadLetter, state: 'replayed' | 'dropped', by: ActedBy, nowMs: Millis): DeadLetter {
  return {
    ...letter,
    state,
    replays: letter.replays + (state === 'replayed' ? 1 : 0),
    settled: { by: by.email, request_id: by.requestId, at_ms: nowMs },
    delete_at_ms: nowMs + SETTLED_KEPT_MS,
  };
}

/** The event that is to be sent again; `undefined` when it was not kept. */
export function eventOf(letter: DeadLetter): CloudEventEnvelope | undefined {
  if (letter.event === undefined) return undefined;
  return JSON.parse(Buffer.from(letter.event).toString('utf8')) as CloudEventEnvelope;
}

function short(text: string): string {
  return text.slice(0, MAX_TEXT_CHARS).toWellFormed();
}
