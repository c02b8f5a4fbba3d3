import { RunvoyError } from '@runvoy/sdk/client';
import { errorText, explanationText } from './error-text.ts';
import { Problem } from './problem.ts';

/** What `--json` prints on stderr when a command fails: one object, whatever went wrong. */
export interface ProblemBody {
  readonly error: {
    /** Of the server's answer; absent when there was none. */
    readonly status?: number;
    /** The server's own code, or one of the client's: `USAGE`, `UNREACHABLE`, `FAILED`, `UNEXPECTED`. */
    readonly code: string;
    readonly message: string;
    readonly request_id?: string;
  };
}

/** An error as a program reads it. */
export function problemBody(error: unknown): ProblemBody {
  const message = errorText(error);
  const answer = answerBehind(error);
  if (!answer) return { error: { code: clientCode(error), message } };
  const { status, code, requestId } = answer;
  return {
    error: {
      status,
      code,
      // Status and request stand beside it; a problem that says more than the answer keeps its own words.
      message: error === answer ? explanationText(answer) : message,
      ...(requestId === undefined ? {} : { request_id: requestId }),
    },
  };
}

/** A problem may say what an answer of the server means for the command: the answer is its cause. */
function answerBehind(error: unknown): RunvoyError | undefined {
  const call = callBehind(error);
  return call && call.status > 0 && call.code !== 'NOT_RUNVOY' ? call : undefined;
}

function callBehind(error: unknown): RunvoyError | undefined {
  if (error instanceof RunvoyError) return error;
  return error instanceof Problem && error.cause instanceof RunvoyError ? error.cause : undefined;
}

function clientCode(error: unknown): string {
  const call = callBehind(error);
  if (call) return call.code === 'UNREACHABLE' ? 'UNREACHABLE' : 'FAILED';
  if (!(error instanceof Problem)) return 'UNEXPECTED';
  return error.kind === 'usage' ? 'USAGE' : 'FAILED';
}
