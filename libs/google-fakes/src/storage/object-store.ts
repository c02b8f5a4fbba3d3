import { createHash } from 'node:crypto';
import { crc32c } from '../crc32c.ts';
import { HttpRefusal } from '../http-server.ts';

/** What a caller demands of the object that is there. */
export interface Preconditions {
  readonly ifGenerationMatch?: string;
  readonly ifGenerationNotMatch?: string;
  readonly ifMetagenerationMatch?: string;
}

export interface NewObject {
  readonly bucket: string;
  readonly name: string;
  readonly contentType?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly crc32c?: string | undefined;
  readonly md5Hash?: string | undefined;
}

export interface StoredObject {
  readonly content: Buffer;
  readonly resource: Readonly<Record<string, unknown>> & { readonly generation: string };
}

/** Objects by bucket and name, one generation of each: versioning is off. */
export class ObjectStore {
  readonly #buckets: Map<string, Map<string, StoredObject>>;
  readonly #now: () => number;
  #lastGeneration = 0;

  constructor(buckets: readonly string[], now: () => number) {
    this.#buckets = new Map(buckets.map((name) => [name, new Map()]));
    this.#now = now;
  }

  bucket(name: string): Map<string, StoredObject> {
    const found = this.#buckets.get(name);
    if (!found) throw new HttpRefusal(404, 'notFound', 'The specified bucket does not exist.');
    return found;
  }

  get(bucket: string, name: string, generation?: string): StoredObject {
    const found = this.bucket(bucket).get(name);
    if (!found || (generation !== undefined && generation !== found.resource.generation)) {
      throw new HttpRefusal(404, 'notFound', `No such object: ${bucket}/${name}`);
    }
    return found;
  }

  /** Throws 412 unless what is there now is what the caller demands; 304 where it must not be. */
  check(bucket: string, name: string, conditions: Preconditions): void {
    const found = this.bucket(bucket).get(name);
    const generation = found?.resource.generation ?? '0';
    const { ifGenerationMatch, ifGenerationNotMatch, ifMetagenerationMatch } = conditions;
    const isMet =
      (ifGenerationMatch === undefined || ifGenerationMatch === generation) &&
      (ifMetagenerationMatch === undefined || (found !== undefined && ifMetagenerationMatch === '1'));
    if (!isMet) {
      throw new HttpRefusal(412, 'conditionNotMet', 'At least one of the pre-conditions you specified did not hold.');
    }
    if (ifGenerationNotMatch === generation) throw new HttpRefusal(304, 'notModified', 'Not Modified');
  }

  /** The checks and the storing are one step: of two writers with `ifGenerationMatch=0` one is refused. */
  insert(object: NewObject, content: Buffer, conditions: Preconditions): StoredObject {
    const { bucket, name } = object;
    checkName(name);
    this.check(bucket, name, conditions);
    const sums = checksums(content);
    const isDamaged =
      (object.crc32c !== undefined && object.crc32c !== sums.crc32c) ||
      (object.md5Hash !== undefined && object.md5Hash !== sums.md5Hash);
    if (isDamaged) throw new HttpRefusal(400, 'invalid', 'Provided hash does not match the calculated one.');
    const at = new Date(this.#now()).toISOString();
    const stored: StoredObject = {
      content,
      resource: {
        kind: 'storage#object',
        id: `${bucket}/${name}/${(this.#lastGeneration = Math.max(this.#lastGeneration + 1, this.#now() * 1_000))}`,
        name,
        bucket,
        generation: String(this.#lastGeneration),
        metageneration: '1',
        contentType: object.contentType ?? 'application/octet-stream',
        storageClass: 'STANDARD',
        size: String(content.length),
        ...sums,
        etag: Buffer.from(String(this.#lastGeneration)).toString('base64'),
        timeCreated: at,
        updated: at,
        ...(object.metadata ? { metadata: object.metadata } : {}),
      },
    };
    this.bucket(bucket).set(name, stored);
    return stored;
  }

  delete(bucket: string, name: string, generation: string | undefined, conditions: Preconditions): void {
    this.get(bucket, name, generation);
    this.check(bucket, name, conditions);
    this.bucket(bucket).delete(name);
  }

  /** In order of the names' UTF-8, from `startOffset` on, it included. */
  list(
    bucket: string,
    { prefix = '', startOffset = '', endOffset }: { prefix?: string; startOffset?: string; endOffset?: string },
  ): readonly StoredObject[] {
    return [...this.bucket(bucket)]
      .filter(([name]) => name.startsWith(prefix) && byUtf8(name, startOffset) >= 0)
      .filter(([name]) => endOffset === undefined || byUtf8(name, endOffset) < 0)
      .toSorted(([a], [b]) => byUtf8(a, b))
      .map(([, object]) => object);
  }
}

/** https://cloud.google.com/storage/docs/objects#naming */
function checkName(name: string): void {
  const isName =
    name !== '' && Buffer.byteLength(name) <= 1_024 && !/[\r\n]/.test(name) && name !== '.' && name !== '..';
  if (!isName || name.startsWith('.well-known/acme-challenge/')) {
    throw new HttpRefusal(400, 'invalid', `Invalid object name: ${JSON.stringify(name)}`);
  }
}

function checksums(content: Buffer): { readonly crc32c: string; readonly md5Hash: string } {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32c(content));
  return { crc32c: sum.toString('base64'), md5Hash: createHash('md5').update(content).digest('base64') };
}

function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
