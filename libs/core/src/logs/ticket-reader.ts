import { reauthenticate } from '../access/authenticate.ts';
import { requirePermission } from '../access/permissions.ts';
import type { SigningKeys } from '../access/signing-keys.ts';
import { executionRef, type Execution } from '../executions/execution.ts';
import { Failure } from '../failure.ts';
import type { Records } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import { requireKeptLog } from './expire-log.ts';
import { executionOfTicket, openTicket, type Ticket } from './ticket.ts';

/** Whoever holds a ticket, and what it lets them read. */
export interface TicketReader {
  readonly execution: Execution;
  /** The API key behind the ticket. */
  readonly keyId: string;
}

/**
 * Who reads an execution's log by ticket. The key the ticket was asked for with must still stand, and still may read.
 * Fails with `UNAUTHORIZED`, `FORBIDDEN` (a ticket of another execution), `EXECUTION_NOT_FOUND`, `LOG_EXPIRED`, or as `reauthenticate` does.
 */
export async function readerByTicket(
  deps: { readonly records: Records; readonly clock: Clock; readonly signingKeys: SigningKeys },
  executionId: string,
  text: string | null,
): Promise<TicketReader> {
  const ticket = requireTicket(deps, executionId, text);
  const caller = await reauthenticate(deps, ticket.key_id);
  const execution = (await deps.records.get(executionRef(executionId)))?.value;
  if (!execution) throw new Failure('EXECUTION_NOT_FOUND', executionId);
  requirePermission(caller, 'execution.read', execution.owned_by);
  requireKeptLog(execution);
  return { execution, keyId: ticket.key_id };
}

function requireTicket(
  { signingKeys, clock }: { readonly signingKeys: SigningKeys; readonly clock: Clock },
  executionId: string,
  text: string | null,
): Ticket {
  if (!text) throw new Failure('UNAUTHORIZED', 'The query parameter "token" is missing. Use the URL as it was given.');
  const ticket = openTicket(signingKeys, clock.now(), executionId, text);
  if (ticket) return ticket;
  const otherId = executionOfTicket(text);
  if (otherId !== undefined && openTicket(signingKeys, clock.now(), otherId, text)) {
    throw new Failure('FORBIDDEN', `The token is of another execution than ${executionId}.`);
  }
  throw new Failure('UNAUTHORIZED', 'The token is invalid or has expired. Ask for a new URL.');
}
