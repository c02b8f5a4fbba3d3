import type { FastifyReply } from 'fastify';

/** Works out an answer for as long as somebody waits for it: the signal aborts when whoever asked has left, and nobody is answered. */
export async function whileAwaited<T>(
  reply: FastifyReply,
  answer: (signal: AbortSignal) => Promise<T>,
): Promise<T | FastifyReply> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  // It may have left before the answer was begun.
  if (reply.raw.destroyed) gone.abort();
  try {
    return await answer(gone.signal);
  } catch (error) {
    if (!gone.signal.aborted) throw error;
    return reply.hijack();
  }
}
