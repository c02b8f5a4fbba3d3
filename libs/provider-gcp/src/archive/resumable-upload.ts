import type { Clock, Millis } from '@runvoy/core';
import { crc32c } from '../crc32c.ts';
import { jittered } from '../job-runner/retried.ts';

/** One request's share of a blob. `from` is where it begins; of the last one the blob's size is known. */
export interface Part {
  readonly from: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isLast: boolean;
}

export interface UploadDeps {
  readonly clock: Clock;
  /** 0 to 1, for waits. */
  readonly random: () => number;
}

const ANSWER_MS = 60_000;
/** Failures in a row, without a byte kept between them, before a part is given up. */
const FAILURES_AT_MOST = 5;
const FIRST_WAIT_MS = 100;

/**
 * Sends the parts of a blob to the session of a resumable upload
 * (https://cloud.google.com/storage/docs/performing-resumable-uploads). After an answer that says nothing the session is asked how far
 * it has come, and the part goes on from there. The last request carries the checksum of the whole. Rejects with the HTTP status in
 * `code` when it is refused, or fails too often.
 */
export async function uploadParts(deps: UploadDeps, uri: string, parts: AsyncIterable<Part>): Promise<void> {
  let checksum = 0;
  for await (const part of parts) {
    checksum = crc32c(part.bytes, checksum);
    await sendPart(deps, uri, part, checksum);
  }
}

/** Ends a session that is not to be finished: what was sent is not kept. One that cannot be ended runs out in a week. */
export async function cancelUpload(uri: string): Promise<void> {
  await ask(uri, { method: 'DELETE', headers: {} });
}

/** Cuts a blob into parts of `size` bytes; the last one is as long as it is, and never empty. */
export async function* cutIntoParts(pieces: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Part> {
  let waiting = Buffer.alloc(0);
  let from = 0;
  for await (const piece of pieces) {
    waiting = Buffer.concat([waiting, piece]);
    // Not before it is known that another follows.
    while (waiting.length > size) {
      yield { from, bytes: waiting.subarray(0, size), isLast: false };
      waiting = waiting.subarray(size);
      from += size;
    }
  }
  yield { from, bytes: waiting, isLast: true };
}

async function sendPart(deps: UploadDeps, uri: string, part: Part, checksum: number): Promise<void> {
  const end = part.from + part.bytes.length;
  let kept: number | undefined = part.from;
  let furthest = part.from;
  for (let failures = 0; ;) {
    const answer = await ask(uri, kept === undefined || kept === end ? question(part) : rest(part, kept, checksum));
    if (answer.status === 200 || answer.status === 201) return;
    kept = answer.status === 308 ? answer.kept : undefined;
    if (kept !== undefined && (kept < part.from || kept > end)) {
      throw new Error(`The upload has ${kept} bytes where it is to have ${part.from} to ${end}.`);
    }
    if (kept === end && !part.isLast) return;
    if (kept === undefined && !isPassing(answer.status)) throw refusal(answer);
    failures = (kept ?? 0) > furthest ? 0 : failures + 1;
    furthest = Math.max(furthest, kept ?? 0);
    if (failures > FAILURES_AT_MOST) throw refusal(answer);
    if (kept === undefined) await deps.clock.sleep(waitMs(failures, deps.random));
  }
}

interface Request {
  readonly method: 'PUT' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
}

interface Answer {
  /** 0: none came. */
  readonly status: number;
  /** How many bytes of the blob the session has, when it says so. */
  readonly kept: number;
  readonly text: string;
}

function rest(part: Part, kept: number, checksum: number): Request {
  const body = part.bytes.subarray(kept - part.from);
  const range = `bytes ${kept}-${kept + body.length - 1}/${sizeOf(part)}`;
  return {
    method: 'PUT',
    headers: { 'content-range': range, ...(part.isLast ? { 'x-goog-hash': `crc32c=${inBase64(checksum)}` } : {}) },
    body,
  };
}

/** Asks how far it has come; when that is the whole of a known size, the answer is the blob. */
function question(part: Part): Request {
  return { method: 'PUT', headers: { 'content-range': `bytes */${sizeOf(part)}` } };
}

function sizeOf({ from, bytes, isLast }: Part): string {
  return isLast ? String(from + bytes.length) : '*';
}

async function ask(uri: string, request: Request): Promise<Answer> {
  try {
    // The session's address is all the authority it takes. 308 is an answer here, and no redirection.
    const answer = await fetch(uri, { ...request, redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) });
    const last = /^bytes=0-(\d+)$/.exec(answer.headers.get('range') ?? '')?.[1];
    return { status: answer.status, kept: last === undefined ? 0 : Number(last) + 1, text: await answer.text() };
  } catch (error) {
    return { status: 0, kept: 0, text: String(error) };
  }
}

function isPassing(status: number): boolean {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

function waitMs(failures: number, random: () => number): Millis {
  return jittered(FIRST_WAIT_MS * 2 ** (failures - 1), random);
}

function refusal({ status, text }: Answer): Error {
  const said = text.slice(0, 500);
  return Object.assign(new Error(`Cloud Storage answered ${status} to a part of a blob: ${said}`), { code: status });
}

function inBase64(checksum: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(checksum);
  return bytes.toString('base64');
}
