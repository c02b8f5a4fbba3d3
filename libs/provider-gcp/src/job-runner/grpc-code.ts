/** The codes of gRPC that are told apart here (https://grpc.io/docs/guides/status-codes). */
export const CODE = {
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** The code a call was answered with; undefined for an error that came from no answer. */
export function codeOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' ? code : undefined;
}

/** What Google said, without the name of the code before it. */
export function saidBy(error: unknown): string {
  const { details, message } = error as { details?: unknown; message?: unknown };
  return String(typeof details === 'string' && details !== '' ? details : (message ?? error));
}
