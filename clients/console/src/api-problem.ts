import { RunvoyError } from '@runvoy/sdk/client';

export type ProblemKind =
  'unreachable' | 'unauthorized' | 'forbidden' | 'not_found' | 'conflict' | 'refused' | 'broken';

const KINDS: Readonly<Record<number, ProblemKind>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
};

/** A call that did not succeed, in this page's words. */
export interface ApiProblem {
  readonly kind: ProblemKind;
  readonly message: string;
  /** False when waiting cannot help: another key or another address is needed. */
  readonly mayPass: boolean;
}

/** What a reader is told of whatever went wrong. */
export function problemOf(cause: unknown): ApiProblem {
  if (!(cause instanceof RunvoyError)) return { kind: 'broken', message: 'This page met an error.', mayPass: true };
  const kind = kindOf(cause);
  const mayPass = kind === 'unreachable' || kind === 'broken' || kind === 'refused';
  return { kind, message: messageOf(kind, cause), mayPass };
}

function kindOf({ code, status }: RunvoyError): ProblemKind {
  if (code === 'UNREACHABLE') return 'unreachable';
  if (code === 'NOT_RUNVOY') return 'broken';
  return KINDS[status] ?? (status >= 500 ? 'broken' : 'refused');
}

function messageOf(kind: ProblemKind, { status, code, explanation, requestId }: RunvoyError): string {
  const said = explanation === NOTHING_SAID ? '' : explanation;
  const trace = requestId === undefined ? '' : ` Request ${requestId}.`;
  switch (kind) {
    case 'unreachable':
      return 'The server does not answer. If it runs on this machine, “npm start” starts it.';
    case 'unauthorized':
      return 'The server does not accept this key. It may be revoked, expired or from another server.';
    case 'forbidden':
      return `You are not allowed to do this${said === '' ? '.' : `: ${said}.`}`;
    case 'not_found':
      return said === '' ? 'The server does not know this.' : said;
    case 'conflict':
    case 'refused':
      return said === '' ? `The server refused this (${status}).` : said;
    case 'broken':
      if (code === 'NOT_RUNVOY') return 'The server’s answer could not be read. Is this a runvoy server?';
      return `The server failed (${status}${said === '' ? '' : `, ${said}`}).${trace}`;
  }
}

const NOTHING_SAID = 'no explanation given';
