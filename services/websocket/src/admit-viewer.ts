import type { IncomingMessage } from 'node:http';
import { Failure, readerByTicket } from '@runvoy/core';
import type { Clock, Records, SigningKeys, TicketReader } from '@runvoy/core';
import { STREAM_PROTOCOL } from '@runvoy/protocol';

export interface AdmissionDeps {
  readonly records: Records;
  readonly clock: Clock;
  readonly signingKeys: SigningKeys;
  /** Whether pages of this origin may watch. Not asked for clients that send none: they are no browsers. */
  readonly allowedOrigins: (origin: string) => boolean;
}

/** What somebody who may watch gets to see. */
export interface Admission extends TicketReader {
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
  const isTyped = choosesTyped(request);
  const after = readAfter(request, query);
  return { ...(await readerByTicket(deps, executionId, query.get('token'))), after, isTyped };
}

/** The query of a request target, which may be anything a client cares to send. */
function queryOf(request: IncomingMessage): URLSearchParams {
  const target = request.url ?? '';
  const start = target.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : target.slice(start + 1));
}

/** True for `runvoy.v2`, false for runvoy's clients, which name no subprotocol. */
function choosesTyped(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'];
  if (offered === undefined) return false;
  if (offered.split(',').some((name) => name.trim() === STREAM_PROTOCOL)) return true;
  throw new Failure('INVALID_REQUEST', `Of subprotocols only ${STREAM_PROTOCOL} is spoken here; name it or none.`);
}

function readAfter({ headers }: IncomingMessage, query: URLSearchParams): number {
  // What an EventSource has got by now, whatever its URL once said.
  const last = headers['last-event-id'];
  if (last !== undefined && last !== '') {
    const seen = sequenceNumber(String(last));
    if (seen !== undefined) return seen;
    throw new Failure('INVALID_REQUEST', 'The header "Last-Event-ID" must be the number of the last line you have.');
  }
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
