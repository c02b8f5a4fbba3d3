import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';

/** An answer as it leaves. Header names in lower case. */
export interface SentAnswer {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Tells `report` of every answer that `app` gives, with its whole body: for tests, which hold it against the document. */
export function reportAnswers(app: FastifyInstance, report: (answer: SentAnswer) => void): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const { method, url } = request;
    const tell = (body: string) =>
      report({ method, url, status: reply.statusCode, headers: { ...reply.getHeaders() }, body });
    if (!(payload instanceof Readable)) {
      tell(typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.toString() : '');
      return payload;
    }
    return Readable.from(overheard(payload, tell));
  });
}

async function* overheard(
  stream: AsyncIterable<string | Buffer>,
  tell: (body: string) => void,
): AsyncGenerator<string | Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) {
    parts.push(Buffer.from(part as string));
    yield part;
  }
  tell(Buffer.concat(parts).toString());
}
