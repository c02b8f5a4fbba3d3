/**
 * Everything that can go wrong and be told to a caller: code, HTTP status and the sentence a person reads.
 * The sentence says what was received and what to do. `docs/errors.md` lists the same codes; a test compares the two.
 */
export const FAILURES = {
  INVALID_REQUEST: { status: 400, text: (what: string) => what },
  UNAUTHORIZED: { status: 401, text: (what: string) => what },
  INVALID_API_KEY: { status: 401, text: (_: string) => 'Invalid API key' },
  API_KEY_REVOKED: { status: 401, text: (_: string) => 'API key has been revoked' },
  FORBIDDEN: { status: 403, text: (what: string) => what },
  FOREIGN_ORIGIN: {
    status: 403,
    text: (origin: string) =>
      `Requests from ${origin} are not accepted. Add it to RUNVOY_CORS_ALLOWED_ORIGINS if it is yours.`,
  },
  NOT_FOUND: { status: 404, text: (what: string) => what },
  EXECUTION_NOT_FOUND: { status: 404, text: (id: string) => `No execution ${id}. List yours with "runvoy list".` },
  IMAGE_NOT_FOUND: {
    status: 404,
    text: (image: string) => `Image ${image} is not registered. List the registered ones with GET /api/v1/images.`,
  },
  SECRET_NOT_FOUND: {
    status: 404,
    text: (name: string) => `No secret ${name} that you may use. List those you may with "runvoy secrets list".`,
  },
  PLAYBOOK_NOT_FOUND: {
    status: 404,
    text: (name: string) => `No playbook ${name}. List those there are with "runvoy playbook list".`,
  },
  METHOD_NOT_ALLOWED: { status: 405, text: (what: string) => what },
  CLAIM_NOT_FOUND: {
    status: 404,
    text: (_: string) =>
      'This claim token is unknown or has expired. Ask for a new one: "runvoy local login" or an admin.',
  },
  CLAIM_USED: { status: 409, text: (_: string) => 'This claim token was already used. Each one works once.' },
  CONFLICT: { status: 409, text: (what: string) => what },
  RECORD_EXISTS: { status: 409, text: (id: string) => `${id} already exists.` },
  SECRET_ALREADY_EXISTS: {
    status: 409,
    text: (name: string) =>
      `Secret ${name} exists already. Change it with "runvoy secrets update", or take another name.`,
  },
  PLAYBOOK_ALREADY_EXISTS: {
    status: 409,
    text: (name: string) =>
      `Playbook ${name} exists already. Change it with "runvoy playbook update", or take another name.`,
  },
  EXECUTION_ENDED: {
    status: 410,
    text: (id: string) => `Execution ${id} has ended; nothing may start for it any more.`,
  },
  LOG_EXPIRED: { status: 410, text: (what: string) => what },
  REQUEST_TIMEOUT: { status: 408, text: (what: string) => what },
  PAYLOAD_TOO_LARGE: { status: 413, text: (what: string) => what },
  URI_TOO_LONG: { status: 414, text: (what: string) => what },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    text: (type: string) => `A body of type ${type} is not read here. Send JSON as application/json, as it is.`,
  },
  MISDIRECTED: {
    status: 421,
    text: (host: string) => `This server does not answer for host ${host}. Use the address it printed at start.`,
  },
  UNPROCESSABLE: { status: 422, text: (what: string) => what },
  QUEUE_FULL: {
    status: 429,
    text: (waiting: string) =>
      `${waiting} runs wait for a slot, which is as many as may. Send the request again when some of them have started.`,
  },
  RATE_LIMITED: { status: 429, text: (what: string) => what },
  HEADERS_TOO_LARGE: { status: 431, text: (what: string) => what },
  IDEMPOTENCY_CONFLICT: {
    status: 422,
    text: (key: string) =>
      `Idempotency-Key ${key} was used before with another body. Send a new key with another request.`,
  },
  IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    text: (key: string) => `The first request with Idempotency-Key ${key} is still being carried out. Ask again.`,
  },
  ANSWER_GONE: {
    status: 410,
    text: (key: string) =>
      `The answer to Idempotency-Key ${key} is told no more: the credential in it is used, revoked or expired, or the key that sealed it was destroyed. Nothing was made anew: ask with a new key.`,
  },
  PRECONDITION_FAILED: {
    status: 412,
    text: (tag: string) => `It has changed since: its ETag is ${tag} now, which If-Match does not name. Read it again.`,
  },
  IMAGE_NEEDS_CONTAINER: { status: 422, text: (what: string) => what },
  ISOLATION_TOO_WEAK: { status: 422, text: (what: string) => what },
  ISOLATION_UNAVAILABLE: { status: 422, text: (what: string) => what },
  BAD_SIGNATURE: { status: 401, text: (_: string) => 'The message is not signed by the runner of this execution.' },
  BOOTSTRAP_REFUSED: { status: 403, text: (why: string) => `Bootstrap refused: ${why}.` },
  BATCH_MISMATCH: {
    status: 409,
    text: (from: string) => `Another batch beginning at line ${from} is stored already; nothing was overwritten.`,
  },
  RECORDS_MISUSED: { status: 500, text: (what: string) => what },
  INTERNAL_ERROR: { status: 500, text: (_: string) => 'Internal error. The request id names it in the server log.' },
  NO_RUNNER: { status: 503, text: (why: string) => `Nothing can be run here: ${why}.` },
  STORE_CONTENDED: { status: 503, text: (what: string) => `The store is busy with ${what}. Send the request again.` },
  STORE_UNAVAILABLE: { status: 503, text: (_: string) => 'The store does not answer. Nothing was changed; try again.' },
  PLATFORM_UNAVAILABLE: {
    status: 503,
    text: (_: string) => 'The platform does not show this execution yet. Nothing was changed; try again.',
  },
  TOO_MANY_VIEWERS: {
    status: 503,
    text: (limit: string) => `This instance serves ${limit} live views already. Try again in a moment.`,
  },
  SHUTTING_DOWN: { status: 503, text: (_: string) => 'The server is shutting down. Try again in a moment.' },
} as const;

export type FailureCode = keyof typeof FAILURES;

/** A refusal with a code of the table above. `subject` fills the sentence; `cause` is for operators only. */
export class Failure extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, subject = '', options?: ErrorOptions) {
    super(FAILURES[code].text(subject), options);
    this.name = 'Failure';
    this.code = code;
  }

  get status(): number {
    return FAILURES[this.code].status;
  }
}

/** True for a `Failure` with this code. */
export function isFailure(error: unknown, code: FailureCode): error is Failure {
  return error instanceof Failure && error.code === code;
}
