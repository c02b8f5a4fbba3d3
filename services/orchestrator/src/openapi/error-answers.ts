import { Failure, type FailureCode } from '@runvoy/core';
import { answerFor } from '@runvoy/runtime';
import type { MountedOperation } from './operation.ts';

const CHANGES: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** What every operation may answer. */
const ANY: readonly FailureCode[] = ['MISDIRECTED', 'INTERNAL_ERROR', 'RECORDS_MISUSED'];
/** What changes something reads a body, even one that it has no use for. */
const CHANGING: readonly FailureCode[] = [
  'INVALID_REQUEST',
  'FOREIGN_ORIGIN',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
];
/** A parameter of the query that it does not take is refused. */
const KEYED: readonly FailureCode[] = [
  'INVALID_REQUEST',
  // A query parameter that it does not know.
  'INVALID_REQUEST',
  'UNAUTHORIZED',
  'INVALID_API_KEY',
  'API_KEY_REVOKED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'STORE_UNAVAILABLE',
  'STORE_CONTENDED',
  'SHUTTING_DOWN',
];

/** Every code that an operation may be refused with, sorted, by status. */
export function refusalsOf(operation: MountedOperation): ReadonlyMap<number, readonly FailureCode[]> {
  const codes = new Set([
    ...ANY,
    ...(CHANGES.has(operation.method) ? CHANGING : []),
    ...(operation.needsKey ? KEYED : []),
    ...(operation.needsKey && CHANGES.has(operation.method) ? (['RECORD_EXISTS'] as const) : []),
    ...(operation.errors ?? []),
  ]);
  const byStatus = Map.groupBy([...codes].toSorted(), (code) => new Failure(code).status);
  return new Map([...byStatus].toSorted(([a], [b]) => a - b));
}

/** The subject of each sentence, where it takes one. */
const SUBJECTS: Partial<Record<FailureCode, string>> = {
  INVALID_REQUEST: "body must have required property 'command'",
  UNAUTHORIZED: 'Send an API key in the header X-API-Key.',
  FORBIDDEN: 'images.register is for admin; you are developer.',
  FOREIGN_ORIGIN: 'https://elsewhere.example.com',
  NOT_FOUND: 'No user kim@example.com.',
  CONFLICT: 'A user kim@example.com exists already.',
  RECORD_EXISTS: 'executions/f2f3a1c0d4e5968778695a4b3c2d1e0f',
  RECORDS_MISUSED: 'The store has no query of this name.',
  EXECUTION_NOT_FOUND: 'f2f3a1c0d4e5968778695a4b3c2d1e0f',
  IMAGE_NOT_FOUND: 'alpine:3.22',
  SECRET_NOT_FOUND: 'github-token',
  SECRET_ALREADY_EXISTS: 'github-token',
  PAYLOAD_TOO_LARGE: 'The body is 3145728 bytes; the limit is 2097152.',
  UNSUPPORTED_MEDIA_TYPE: 'text/plain',
  MISDIRECTED: '"elsewhere.example.com"',
  UNPROCESSABLE: 'grace must be 0 to 3600 seconds; got 7200.',
  IDEMPOTENCY_CONFLICT: 'nightly-2026-01-31',
  IDEMPOTENCY_IN_PROGRESS: 'nightly-2026-01-31',
  ANSWER_GONE: 'nightly-2026-01-31',
  PRECONDITION_FAILED: '"pVb5Yd0qPV4mQqH2kS3LxA"',
  IMAGE_NEEDS_CONTAINER: 'Image alpine:3.22 needs a container engine. Install docker or podman.',
  ISOLATION_TOO_WEAK: 'bubblewrap cannot limit memory to 512 MiB. Ask for container.',
  ISOLATION_UNAVAILABLE: 'Isolation container is not available here. Available: process.',
  QUEUE_FULL: '1000',
  RATE_LIMITED: 'More than 1000 reads with this key within a minute. Try again in 12 s.',
  NO_RUNNER: 'the orchestrator runs alone on this machine',
  STORE_CONTENDED: 'executions',
};

const REQUEST_ID = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';

/** The body of a refusal, as a reader would meet it. */
export function refusalExample(code: FailureCode): unknown {
  return answerFor(new Failure(code, SUBJECTS[code] ?? ''), REQUEST_ID).body;
}
