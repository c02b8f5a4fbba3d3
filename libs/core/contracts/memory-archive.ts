import type { Archive } from '../src/archive/archive.ts';
import { blobSegments } from '../src/archive/blob-name.ts';
import { Failure } from '../src/failure.ts';

/** An archive in memory, for the tests of what is written on top of one. */
export class MemoryArchive implements Archive {
  readonly blobs = new Map<string, Uint8Array>();
  /** Every call, as `put <name>`. */
  readonly calls: string[] = [];

  async put(name: string, content: AsyncIterable<Uint8Array>): Promise<{ readonly bytes: number }> {
    this.#note('put', name);
    if (this.blobs.has(name)) throw new Failure('RECORD_EXISTS', name);
    const blob = Buffer.concat(await Array.fromAsync(content));
    if (this.blobs.has(name)) throw new Failure('RECORD_EXISTS', name);
    this.blobs.set(name, blob);
    return { bytes: blob.length };
  }

  async get(
    name: string,
    { from = 0, length = Number.POSITIVE_INFINITY }: { readonly from?: number; readonly length?: number } = {},
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    this.#note('get', name);
    if (!(from >= 0 && length >= 0)) throw new Failure('RECORDS_MISUSED', `${name} from ${from}, ${length} bytes`);
    const blob = this.blobs.get(name);
    return blob && oneByOne(blob.subarray(from, from + length));
  }

  async delete(name: string): Promise<void> {
    this.#note('delete', name);
    this.blobs.delete(name);
  }

  async list(
    prefix: string,
    { after = '', limit }: { readonly after?: string; readonly limit: number },
  ): Promise<readonly string[]> {
    this.#note('list', prefix || '.');
    const names = [...this.blobs.keys()].filter((name) => name.startsWith(prefix) && name > after);
    return names.sort().slice(0, limit);
  }

  #note(call: string, name: string): void {
    if (call !== 'list') blobSegments(name);
    this.calls.push(`${call} ${name}`);
  }
}

/** In pieces that fit nothing, as a network cuts them. */
async function* oneByOne(blob: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < blob.length; at += PIECE) yield blob.subarray(at, at + PIECE);
}

const PIECE = 61_441;
