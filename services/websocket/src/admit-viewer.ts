import type { IncomingMessage } from 'node:http';
import { executionOfTicket, executionRef, Failure, openTicket, reauthenticate, requirePermission } from '@runvoy/core';
import type { Clock, Execution, Records, SigningKeys, Ticket } from '@runvoy/core';
import { STREAM_PROTOCOL } from '@runvoy/protocol';

export interface AdmissionDeps {
  readonly records: Records;
  readonly clock: Clock;
  readonly signingKeys: SigningKeys;
  /** Whether pages of this origin may watch. Not asked for clients that send none: they are no browsers. */
  readonly allowedOrigins: (origin: string) => boolean;
}

/** What somebody who may watch gets to see. */
export interface Admission {
  readonly execution: Execution;
  /** The API key behind the ticket. */
  readonly keyId: string;
  /** The last line the viewer has. */
  readonly after: number;
  readonly isTyped: boolean;
}

/** Checks a request for a live view. Fails with a `Failure`, before anything is opened: nobody is connected and kept silent. */
export async function admitViewer(deps: AdmissionDeps, request: IncomingMessage): Promise<Admission> {
  const { origin } = request.headers;
  if (origin !== undefined && !deps.allowedOrigins(origin)) throw new Failure('FOREIGN_ORIGIN', origin);
  const query = queryOf(request);
  const executionId = query.get('execution_id');
  if (!executionId) throw new Failure('INVALID_REQUEST', 'The query parameter "execution_id" is missing.');
  const ticket = requireTicket(deps, executionId, query.get('token'));
  const isTyped = choosesTyped(request);
  const after = readAfter(query);
  const execution = await requireReadable(deps, ticket);
  return { execution, keyId: ticket.key_id, after, isTyped };
}

/** The query of a request target, which may be anything a client cares to send. */
function queryOf(request: IncomingMessage): URLSearchParams {
  const target = request.url ?? '';
  const start = target.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : target.slice(start + 1));
}

function requireTicket({ signingKeys, clock }: AdmissionDeps, executionId: string, text: string | null): Ticket {
  if (!text)
    throw new Failure('UNAUTHORIZED', 'The query parameter "token" is missing. Use the websocket_url as given.');
  const ticket = openTicket(signingKeys, clock.now(), executionId, text);
  if (ticket) return ticket;
  const otherId = executionOfTicket(text);
  if (otherId !== undefined && openTicket(signingKeys, clock.now(), otherId, text)) {
    throw new Failure('FORBIDDEN', `The token is of another execution than ${executionId}.`);
  }
  throw new Failure('UNAUTHORIZED', 'The token is invalid or has expired. Ask for a new websocket_url.');
}

/** True for `runvoy.v2`, false for runvoy's clients, which name no subprotocol. */
function choosesTyped(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'];
  if (offered === undefined) return false;
  if (offered.split(',').some((name) => name.trim() === STREAM_PROTOCOL)) return true;
  throw new Failure('INVALID_REQUEST', `Of subprotocols only ${STREAM_PROTOCOL} is spoken here; name it or none.`);
}

function readAfter(query: URLSearchParams): number {
  const after = query.get('after');
  // In runvoy an unknown last id means everything.
  if (after === null) return sequenceNumber(query.get('last_event_id') ?? '') ?? 0;
  const seq = sequenceNumber(after);
  if (seq === undefined) throw new Failure('INVALID_REQUEST', '"after" must be the number of the last line you have.');
  return seq;
}

function sequenceNumber(text: string): number | undefined {
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

async function requireReadable({ records, clock }: AdmissionDeps, ticket: Ticket): Promise<Execution> {
  const caller = await reauthenticate({ records, clock }, ticket.key_id);
  const execution = (await records.get(executionRef(ticket.execution_id)))?.value;
  if (!execution) throw new Failure('EXECUTION_NOT_FOUND', ticket.execution_id);
  requirePermission(caller, 'execution.read', execution.owned_by);
  return execution;
}
