import { ApiProblem, Unreachable } from './api-problem.ts';
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
  const message = (error instanceof Error ? error.message || error.name : String(error)).replaceAll(/\s+/g, ' ').trim();
  const answer = answerBehind(error);
  if (!answer) return { error: { code: clientCode(error), message } };
  const { status, code, explanation, requestId } = answer;
  return {
    error: {
      status,
      code: code ?? 'FAILED',
      // Status and request stand beside it; a problem that says more than the answer keeps its own words.
      message: error === answer ? explanation : message,
      ...(requestId === undefined ? {} : { request_id: requestId }),
    },
  };
}

/** A problem may say what an answer of the server means for the command: the answer is its cause. */
function answerBehind(error: unknown): ApiProblem | undefined {
  if (error instanceof ApiProblem) return error;
  return error instanceof Problem && error.cause instanceof ApiProblem ? error.cause : undefined;
}

function clientCode(error: unknown): string {
  if (!(error instanceof Problem)) return 'UNEXPECTED';
  if (error instanceof Unreachable || error.cause instanceof Unreachable) return 'UNREACHABLE';
  return error.kind === 'usage' ? 'USAGE' : 'FAILED';
}
