import { randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { Bucket, File } from '@google-cloud/storage';
import { blobSegments, Failure, systemClock } from '@runvoy/core';
import type { Archive, Clock } from '@runvoy/core';
import { cancelUpload, cutIntoParts, uploadParts } from './archive/resumable-upload.ts';
import { Source } from './archive/source.ts';

export interface StorageArchiveOptions {
  readonly project: string;
  /** `RUNVOY_GCP_ARCHIVE_BUCKET`. */
  readonly bucket: string;
  /** Another address than Google's, `host:port`, in plain text. */
  readonly endpoint?: string | undefined;
  /** For the waits between tries. */
  readonly clock?: Clock;
  /** 0 to 1. */
  readonly random?: () => number;
}

/**
 * What one put holds in memory, so that a part whose answer is lost can be sent again; a smaller blob is one request. A multiple
 * of 256 KiB.
 */
const PART_BYTES = 8 * 1_024 * 1_024;
const LARGEST_PAGE = 1_000;
/**
 * The layers of the client (`@google-cloud/storage` 8.4 over `teeny-request` 11.1) put 11 listeners on each answer that is longer than a
 * packet. Node warns of a leak at that; none is left when it has been read.
 */
const ANSWER_LISTENERS = 20;
/** Tells a name taken by somebody else from one taken by an earlier try of the same put. */
const PUT_ID = 'runvoy-put';

/**
 * An archive in a bucket of Cloud Storage. A blob appears with its last byte, and only where nothing is (`ifGenerationMatch` 0). Nothing is asked of Cloud Storage before the first use.
 *
 * Anything that Cloud Storage refuses for other reasons, or does not answer, fails with `STORE_UNAVAILABLE`.
 */
export function openStorageArchive(options: StorageArchiveOptions): Archive {
  return new StorageArchive(options);
}

class StorageArchive implements Archive {
  readonly #options: StorageArchiveOptions;
  #connected: Promise<Bucket> | undefined;

  constructor(options: StorageArchiveOptions) {
    this.#options = options;
  }

  async put(name: string, content: AsyncIterable<Uint8Array>): Promise<{ readonly bytes: number }> {
    const file = await this.#file(name);
    const source = new Source(content);
    const putId = randomUUID();
    const options = {
      preconditionOpts: { ifGenerationMatch: 0 },
      metadata: { contentType: 'application/octet-stream', metadata: { [PUT_ID]: putId } },
    } as const;
    try {
      const first = await source.read(PART_BYTES);
      if (source.isEnded) await file.save(first, { ...options, validation: 'crc32c', resumable: false });
      else await this.#upload(await file.createResumableUpload(options), source.continued(first));
    } catch (error) {
      if (source.failure) throw source.failure.error;
      await this.#settleRefusal(file, name, putId, error);
    }
    return { bytes: source.bytes };
  }

  async #upload([uri]: readonly [string], pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const { clock = systemClock, random = Math.random } = this.#options;
    try {
      await uploadParts({ clock, random }, uri, cutIntoParts(pieces, PART_BYTES));
    } catch (error) {
      await cancelUpload(uri);
      throw error;
    }
  }

  async get(
    name: string,
    range: { readonly from?: number; readonly length?: number } = {},
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    const { from = 0, length = Number.POSITIVE_INFINITY } = range;
    const file = await this.#file(name);
    if (!(from >= 0 && length >= 0)) {
      throw new Failure('RECORDS_MISUSED', `${name} was asked for from ${from}, ${length} bytes.`);
    }
    const found = await metadataOf(file);
    if (!found) return undefined;
    // The generation that was measured is the one that is read, should somebody replace it meanwhile.
    const generation = file.bucket.file(name, { generation: String(found.generation) });
    return streamed(generation, from, Math.min(Number(found.size), from + length), Number(found.size));
  }

  async delete(name: string): Promise<void> {
    const file = await this.#file(name);
    await answer(() => file.delete({ ignoreNotFound: true }));
  }

  async list(
    prefix: string,
    { after, limit }: { readonly after?: string; readonly limit: number },
  ): Promise<readonly string[]> {
    const bucket = await this.#bucket();
    const names: string[] = [];
    let pageToken: string | undefined;
    // An empty page may be followed by another.
    do {
      const query = {
        prefix,
        autoPaginate: false,
        // One more: `startOffset` is part of the answer.
        maxResults: Math.min(limit - names.length + 1, LARGEST_PAGE),
        ...(after === undefined ? {} : { startOffset: after }),
        ...(pageToken === undefined ? {} : { pageToken }),
      };
      const [files, next] = await answer(() => bucket.getFiles(query));
      names.push(...files.map((file) => file.name).filter((name) => name !== after));
      pageToken = (next as { pageToken?: string } | null)?.pageToken;
    } while (pageToken !== undefined && names.length < limit);
    return names.slice(0, limit);
  }

  /** A taken name may be taken by this very put, when the answer to an earlier try was lost. */
  async #settleRefusal(file: File, name: string, putId: string, error: unknown): Promise<void> {
    if (statusOf(error) !== 412) throw unavailable(error);
    const found = await metadataOf(file);
    if (found?.metadata?.[PUT_ID] !== putId) throw new Failure('RECORD_EXISTS', name);
  }

  async #file(name: string): Promise<File> {
    blobSegments(name);
    return (await this.#bucket()).file(name);
  }

  #bucket(): Promise<Bucket> {
    this.#connected ??= connect(this.#options);
    return this.#connected;
  }
}

async function connect({ project, bucket, endpoint }: StorageArchiveOptions): Promise<Bucket> {
  const { Storage } = await import('@google-cloud/storage');
  if (endpoint === undefined) return new Storage({ projectId: project }).bucket(bucket);
  const apiEndpoint = `http://${endpoint}`;
  const storage = new Storage({ projectId: project, apiEndpoint });
  // Where `STORAGE_EMULATOR_HOST` is set, the client takes it for its base, without scheme and path.
  storage.baseUrl = `${apiEndpoint}/storage/v1`;
  return storage.bucket(bucket);
}

async function metadataOf(file: File) {
  try {
    const [metadata] = await file.getMetadata();
    return metadata;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw unavailable(error);
  }
}

/** Asked for with the first step: a stream that nobody reads costs nothing. */
async function* streamed(file: File, from: number, end: number, size: number): AsyncGenerator<Uint8Array> {
  if (from >= end) return;
  const isWhole = from === 0 && end === size;
  try {
    // Only a whole blob can be checked against its checksum.
    const content = file.createReadStream(
      isWhole ? { decompress: false } : { start: from, end: end - 1, decompress: false },
    );
    content.on('response', (response: EventEmitter) => response.setMaxListeners(ANSWER_LISTENERS));
    yield* content;
  } catch (cause) {
    throw unavailable(cause);
  }
}

async function answer<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (cause) {
    throw unavailable(cause);
  }
}

/** The library reports the HTTP status as `code`, or as `status` of a response, as a number or as a text. */
function statusOf(error: unknown): number | undefined {
  const { code, status, response } = error as { code?: unknown; status?: unknown; response?: { status?: unknown } };
  return [code, status, response?.status].map(Number).find((value) => value >= 100 && value < 600);
}

function unavailable(cause: unknown): Failure {
  return new Failure('STORE_UNAVAILABLE', '', { cause });
}
