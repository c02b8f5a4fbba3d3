import { RunvoyError, type RunvoyClient } from '@runvoy/sdk/client';
import { errorText } from './error-text.ts';
import { Problem } from './problem.ts';

/** What the system says when nothing was sent: nobody can have stored what nobody was told. */
const NOTHING_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/**
 * Asks for a stop. An answer that does not come says nothing about it: the problem that is thrown then tells how to look.
 * `graceS` as in `RunvoyClient.stop`.
 */
export async function askToStop(
  api: Pick<RunvoyClient, 'stop'>,
  id: string,
  graceS: number | undefined,
): Promise<'requested' | 'already'> {
  try {
    return await api.stop(id, graceS);
  } catch (error) {
    if (!mayBeStored(error)) throw error;
    throw new Problem(
      `${errorText(error)}. The stop may be stored all the same: "runvoy status ${id}" tells, and asking again does no harm.`,
      { cause: error },
    );
  }
}

function mayBeStored(error: unknown): boolean {
  if (!(error instanceof RunvoyError)) return false;
  return error.status >= 500 || (error.code === 'UNREACHABLE' && !NOTHING_SENT.includes(systemCode(error.cause)));
}

/** The system's own word for what went wrong; several addresses of one name fail as one error. */
function systemCode(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return systemCode(cause.errors[0]);
  if (!(cause instanceof Error)) return '';
  return (cause as NodeJS.ErrnoException).code ?? systemCode(cause.cause);
}
