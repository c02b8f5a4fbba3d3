import { Failure, keptAnswerRef, keyedBy, once, type Keep, type KeyedCall, type OnceDeps } from '@runvoy/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from './authentication.ts';

/** Says of an answer that it is the one an earlier request with the same key was given. */
export const REPLAYED = 'Idempotent-Replayed';

/**
 * What makes the API's creating calls safe to send again. Two at once with one key: the second is refused while the first is under way
 * in this process; on two instances the store lets one of them make the thing, and both are answered with it.
 */
export class KeyedCalls {
  readonly #deps: OnceDeps;
  readonly #inProgress = new Set<string>();

  constructor(deps: OnceDeps) {
    this.#deps = deps;
  }

  /**
   * Carries out a call that makes something, once for each `Idempotency-Key`. Answers with what was made, marked when it was made
   * before. `by`: who calls, where no key says so. Fails with `IDEMPOTENCY_IN_PROGRESS`, and as `once` and `make` do.
   */
  async once<M extends object>(
    request: FastifyRequest,
    reply: FastifyReply,
    holds: 'nothing-secret' | 'credential',
    make: (keep: Keep<M>) => Promise<M>,
    by?: string,
  ): Promise<M> {
    const call = keyedCall(request, by);
    const outcome = await this.alone(call, () => once<M>(this.#deps, call, holds, make));
    if (outcome.isRepeat) markReplayed(reply);
    return outcome.made;
  }

  /** Lets no second call with the same key begin before `work` is over. */
  async alone<R>(call: KeyedCall | undefined, work: () => Promise<R>): Promise<R> {
    if (!call) return work();
    const { id } = keptAnswerRef(call);
    if (this.#inProgress.has(id)) throw new Failure('IDEMPOTENCY_IN_PROGRESS', call.key.slice(0, 80));
    this.#inProgress.add(id);
    try {
      return await work();
    } finally {
      this.#inProgress.delete(id);
    }
  }
}

export function markReplayed(reply: FastifyReply): void {
  reply.header(REPLAYED, 'true');
}

/** The call of a request that came with a key. */
export function keyedCall(request: FastifyRequest, by?: string): KeyedCall | undefined {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string') return undefined;
  const path = (request.url.split('?', 1)[0] ?? '').replace(/\/+$/, '');
  return {
    by: by ?? keyedBy(callerOf(request)),
    route: `${request.method} ${path}`,
    key,
    body: request.body,
  };
}
