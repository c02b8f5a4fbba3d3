import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { bodyOf, HttpRefusal } from '../http-server.ts';
import type { HttpAnswer } from '../http-server.ts';
import type { NewObject, ObjectStore, Preconditions } from './object-store.ts';

const CHUNK = 256 * 1_024;

interface Session {
  readonly object: NewObject;
  readonly conditions: Preconditions;
  content: Buffer;
  done?: HttpAnswer;
}

/**
 * The three ways to store an object: `media`, `multipart` and `resumable`
 * (https://cloud.google.com/storage/docs/uploads-downloads). Nothing can be read before the last byte has come.
 */
export class Uploads {
  readonly #store: ObjectStore;
  readonly #sessions = new Map<string, Session>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** How many resumable uploads were begun and neither finished nor cancelled. */
  get unfinished(): number {
    return [...this.#sessions.values()].filter(({ done }) => !done).length;
  }

  async media(request: IncomingMessage, object: NewObject, conditions: Preconditions): Promise<HttpAnswer> {
    const contentType = request.headers['content-type'];
    return this.#stored({ contentType, ...object }, await bodyOf(request), conditions);
  }

  async multipart(request: IncomingMessage, object: NewObject, conditions: Preconditions): Promise<HttpAnswer> {
    const { resource, contentType, content } = readRelated(
      request.headers['content-type'] ?? '',
      await bodyOf(request),
    );
    return this.#stored({ contentType, ...object, ...resource }, content, conditions);
  }

  async begin(request: IncomingMessage, object: NewObject, conditions: Preconditions): Promise<HttpAnswer> {
    const text = (await bodyOf(request)).toString();
    const resource = (text === '' ? {} : JSON.parse(text)) as Partial<NewObject>;
    const contentType = request.headers['x-upload-content-type'] as string | undefined;
    this.#store.check(object.bucket, resource.name ?? object.name, conditions);
    const id = randomUUID();
    this.#sessions.set(id, { object: { contentType, ...object, ...resource }, conditions, content: Buffer.alloc(0) });
    const url = new URL(request.url!, `http://${request.headers.host}`);
    url.searchParams.set('upload_id', id);
    return { status: 200, headers: { location: url.href, 'x-guploader-uploadid': id } };
  }

  /** Data of a resumable upload, or (a `Content-Range` without bytes) the question how much has come. */
  async continue(request: IncomingMessage, id: string): Promise<HttpAnswer> {
    const session = this.#sessions.get(id);
    if (!session) throw new HttpRefusal(404, 'notFound', 'There is no such upload.');
    const { from, total } = readContentRange(request.headers['content-range']);
    const received = await this.#receive(request, session, from);
    if (session.done) return session.done;
    const isLast = total === undefined ? from !== undefined : session.content.length === total;
    if (!isLast) return progressOf(session, received);
    const hash = hashesIn(request.headers['x-goog-hash']);
    session.done = this.#stored({ ...session.object, ...hash }, session.content, session.conditions);
    return session.done;
  }

  cancel(id: string): HttpAnswer {
    this.#sessions.delete(id);
    return { status: 499 };
  }

  async #receive(request: IncomingMessage, session: Session, from: number | undefined): Promise<number> {
    if (from !== undefined && from > session.content.length) {
      throw new HttpRefusal(503, 'backendError', 'Bytes are missing before these.');
    }
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
    } finally {
      const content = Buffer.concat(pieces);
      // What came before the sender went away is kept in whole chunks, and may be continued.
      const kept = request.complete ? content.length : Math.floor(content.length / CHUNK) * CHUNK;
      if (from !== undefined && !session.done) {
        session.content = Buffer.concat([session.content.subarray(0, from), content.subarray(0, kept)]);
      }
    }
    return session.content.length;
  }

  #stored(object: NewObject, content: Buffer, conditions: Preconditions): HttpAnswer {
    return { status: 200, body: this.#store.insert(object, content, conditions).resource };
  }
}

function progressOf({ content }: Session, received: number): HttpAnswer {
  if (received % CHUNK !== 0) {
    throw new HttpRefusal(400, 'invalid', `Every part but the last must be a multiple of ${CHUNK} bytes.`);
  }
  return { status: 308, headers: content.length === 0 ? {} : { range: `bytes=0-${content.length - 1}` } };
}

// `bytes 0-99/100`; `bytes 0-99/*`: more follows; `bytes 0-*/*`: until the body ends; `bytes */100`: a question.
function readContentRange(header: string | undefined): { readonly from?: number; readonly total?: number } {
  if (header === undefined) return { from: 0 };
  const match = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(header);
  if (!match) throw new HttpRefusal(400, 'invalid', `The Content-Range ${header} is not valid.`);
  const [, from, to, total] = match;
  const isOpen = to === '*' && total === '*';
  return {
    ...(from === undefined ? {} : { from: Number(from) }),
    // More follows: no size is the right one yet.
    ...(isOpen ? {} : { total: total === '*' ? Number.POSITIVE_INFINITY : Number(total) }),
  };
}

function hashesIn(header: string | readonly string[] | undefined): { crc32c?: string; md5Hash?: string } {
  const hashes: { crc32c?: string; md5Hash?: string } = {};
  for (const part of String(header ?? '').split(',')) {
    const [, kind, value] = /^\s*(crc32c|md5)=(.+)$/.exec(part) ?? [];
    if (kind === 'crc32c') hashes.crc32c = value!;
    if (kind === 'md5') hashes.md5Hash = value!;
  }
  return hashes;
}

/** `multipart/related`: first the resource as JSON, then the content. */
function readRelated(
  type: string,
  body: Buffer,
): { readonly resource: Partial<NewObject>; readonly contentType: string | undefined; readonly content: Buffer } {
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  if (boundary === undefined) throw new HttpRefusal(400, 'invalid', 'A multipart upload names its boundary.');
  const [resource, content] = partsOf(body, Buffer.from(`--${boundary}`));
  if (!resource || !content) throw new HttpRefusal(400, 'invalid', 'A multipart upload has two parts.');
  return {
    resource: JSON.parse(resource.body.toString()) as Partial<NewObject>,
    contentType: /^content-type:\s*(.+?)\s*$/im.exec(content.head)?.[1],
    content: content.body,
  };
}

function partsOf(body: Buffer, mark: Buffer): { readonly head: string; readonly body: Buffer }[] {
  const parts: { head: string; body: Buffer }[] = [];
  for (let at = body.indexOf(mark); at !== -1;) {
    const next = body.indexOf(mark, at + mark.length);
    if (next === -1) break;
    // Between the marks: a line end, the head, an empty line, the content, a line end.
    const part = body.subarray(at + mark.length, next);
    const split = part.indexOf('\r\n\r\n');
    parts.push({ head: part.subarray(0, split).toString(), body: part.subarray(split + 4, -2) });
    at = next;
  }
  return parts;
}
