import { createHash } from 'node:crypto';
import { canonicalBody, Failure } from '@runvoy/core';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * The entity tag of what a body shows of a thing: another one after every change. What the server itself notes by the way, such as when
 * a key was last used, is left out by whoever calls: it is no change that a client could have missed.
 */
export function entityTag(shown: object): string {
  return `"${createHash('sha256').update(canonicalBody(shown)).digest('base64url').slice(0, 22)}"`;
}

/** Answers with the thing and its tag, or with 304 and nothing when the caller has it already. */
export function answerTagged<T>(request: FastifyRequest, reply: FastifyReply, tag: string, body: T): T | FastifyReply {
  reply.header('ETag', tag);
  const known = request.headers['if-none-match'];
  // Weakly compared, as RFC 9110 (13.1.2) has it for this header.
  if (known === undefined || !names(known.replaceAll('W/', ''), tag)) return body;
  return reply.code(304).send();
}

/**
 * What a caller demands with `If-Match` of the thing it is about to change: asked within the change, with the thing as it is then.
 * Fails with `PRECONDITION_FAILED`, naming the tag it has now.
 */
export function demandedState(request: FastifyRequest): (tag: () => string) => void {
  const { 'if-match': demanded } = request.headers;
  return (tag) => {
    if (demanded === undefined) return;
    const now = tag();
    if (!names(demanded, now)) throw new Failure('PRECONDITION_FAILED', now);
  };
}

/** Strongly compared: a weak tag names nothing. */
function names(header: string, tag: string): boolean {
  return header
    .split(',')
    .map((one) => one.trim())
    .some((one) => one === '*' || one === tag);
}
