import { Failure } from '@runvoy/core';

/** What Firestore, or the way to it, answered instead of an answer. */
export class StoreProblem extends Error {
  /** Google's name of the status: `ABORTED`, `UNAVAILABLE`, ... What happened on the way there counts as `UNAVAILABLE`. */
  readonly status: string;
  /** True when the request has certainly not been carried out. */
  readonly isRejected: boolean;

  constructor(status: string, message: string, options?: ErrorOptions & { readonly isRejected?: boolean }) {
    super(`${status}: ${message}`, options);
    this.name = 'StoreProblem';
    this.status = status;
    this.isRejected = options?.isRejected ?? REJECTIONS.has(status);
  }
}

/** Statuses that prove that nothing was written. The others may come from behind a commit. */
const REJECTIONS = new Set(['ABORTED', 'RESOURCE_EXHAUSTED', 'ALREADY_EXISTS', 'FAILED_PRECONDITION']);

/** Statuses after which the same question may be answered a moment later. */
const PASSING = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'RESOURCE_EXHAUSTED',
  'INTERNAL',
  'ABORTED',
  'CANCELLED',
  'UNKNOWN',
]);

export function isPassing(error: unknown): boolean {
  return error instanceof StoreProblem && PASSING.has(error.status);
}

export function hasStatus(error: unknown, status: string): error is StoreProblem {
  return error instanceof StoreProblem && error.status === status;
}

/** Locks were lost to another transaction, or held too long: all of it may be done again. */
export function isContention(error: unknown): boolean {
  return (
    hasStatus(error, 'ABORTED') ||
    (hasStatus(error, 'INVALID_ARGUMENT') && /transaction .*expired/i.test(error.message))
  );
}

/** What core is told. A read that failed is never "not there": whatever is not known better is `STORE_UNAVAILABLE`. */
export function failureOf(error: unknown): unknown {
  if (!(error instanceof StoreProblem)) return error;
  if (isContention(error)) return new Failure('STORE_CONTENDED', 'other changes to the same records', { cause: error });
  if (error.status === 'INVALID_ARGUMENT') return new Failure('RECORDS_MISUSED', error.message, { cause: error });
  return new Failure('STORE_UNAVAILABLE', '', { cause: error });
}
