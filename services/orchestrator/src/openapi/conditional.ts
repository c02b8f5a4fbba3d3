import type { FailureCode } from '@runvoy/core';
import Type from 'typebox';

/** What a call that makes something may refuse with for the sake of its `Idempotency-Key`. */
export const KEYED_ERRORS = [
  'IDEMPOTENCY_CONFLICT',
  'IDEMPOTENCY_IN_PROGRESS',
  'UNPROCESSABLE',
  'ANSWER_GONE',
] as const satisfies readonly FailureCode[];

/** The answer to who has it already. */
export const NOT_MODIFIED = Type.Null({ description: 'It is as `If-None-Match` says.' });
