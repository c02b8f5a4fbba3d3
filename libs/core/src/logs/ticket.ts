import { findSigningKey, sign, type SigningKeys } from '../access/signing-keys.ts';
import { sameHash } from '../access/tokens.ts';
import type { Millis } from '../time/clock.ts';

/** Time to connect with a ticket of `websocket_url`. */
export const TICKET_MS = 15 * 60_000;

/** The longest a ticket may be asked for: a bare `EventSource` comes back with the URL it was given. */
export const LONGEST_TICKET_MS = 12 * 3_600_000;

/** What a ticket allows: one person to read one execution's log. */
export interface Ticket {
  readonly execution_id: string;
  readonly user_email: string;
  /** The API key it was asked for with: when that is revoked, so is every stream it opened. */
  readonly key_id: string;
  readonly expires_at_ms: Millis;
}

const HEAD = 'runvoy.ticket.v1\n';

/** A signed ticket, safe in a URL. It is a credential: log it nowhere. */
export function issueTicket(keys: SigningKeys, ticket: Ticket): string {
  const payload = Buffer.from(JSON.stringify({ ...ticket, kid: keys.current.id })).toString('base64url');
  return `${payload}.${sign(keys.current.secret, HEAD + payload)}`;
}

/** The ticket when it is genuine, not expired and for this execution; otherwise undefined. */
export function openTicket(keys: SigningKeys, nowMs: Millis, executionId: string, text: string): Ticket | undefined {
  const [payload, mac, ...rest] = text.split('.');
  if (!payload || !mac || rest.length > 0) return undefined;
  const claims = parsePayload(payload);
  const key = claims && findSigningKey(keys, claims.kid);
  if (!claims || !key || !sameHash(sign(key.secret, HEAD + payload), mac)) return undefined;
  if (claims.execution_id !== executionId || claims.expires_at_ms <= nowMs) return undefined;
  const { kid: _, ...ticket } = claims;
  return ticket;
}

/** The execution a ticket says it is for, unproven: it only tells a ticket of another execution from no ticket. */
export function executionOfTicket(text: string): string | undefined {
  const claims = parsePayload(text.split('.', 1)[0] ?? '');
  return typeof claims?.execution_id === 'string' ? claims.execution_id : undefined;
}

function parsePayload(payload: string): (Ticket & { kid: string }) | undefined {
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Ticket & { kid: string };
  } catch {
    return undefined;
  }
}
