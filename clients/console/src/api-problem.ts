import type { ErrorBody } from '@runvoy/protocol';

export type ProblemKind =
  'unreachable' | 'unauthorized' | 'forbidden' | 'not_found' | 'conflict' | 'refused' | 'broken';

const KINDS: Readonly<Record<number, ProblemKind>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
};

/** A call that did not succeed, in plain words. */
export class ApiProblem extends Error {
  readonly kind: ProblemKind;

  constructor(kind: ProblemKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }

  /** False when waiting cannot help: another key or another address is needed. */
  get mayPass(): boolean {
    return this.kind === 'unreachable' || this.kind === 'broken' || this.kind === 'refused';
  }
}

/** No answer at all. */
export function unreachable(cause: unknown): ApiProblem {
  return new ApiProblem(
    'unreachable',
    'The server does not answer. If it runs on this machine, “npm start” starts it.',
    {
      cause,
    },
  );
}

/** An answer that is an error; `body` is whatever JSON came with it. */
export function problemOf(status: number, body: Partial<ErrorBody> | undefined): ApiProblem {
  const kind = KINDS[status] ?? (status >= 500 ? 'broken' : 'refused');
  const said = [body?.error, body?.details].filter((text) => typeof text === 'string' && text !== '').join(': ');
  const trace = body?.request_id ? ` Request ${body.request_id}.` : '';
  switch (kind) {
    case 'unauthorized':
      return new ApiProblem(
        kind,
        'The server does not accept this key. It may be revoked, expired or from another server.',
      );
    case 'forbidden':
      return new ApiProblem(kind, `You are not allowed to do this${said === '' ? '.' : `: ${said}.`}`);
    case 'not_found':
      return new ApiProblem(kind, said === '' ? 'The server does not know this.' : said);
    case 'conflict':
    case 'refused':
      return new ApiProblem(kind, said === '' ? `The server refused this (${status}).` : said);
    default:
      return new ApiProblem('broken', `The server failed (${status}${said === '' ? '' : `, ${said}`}).${trace}`);
  }
}
