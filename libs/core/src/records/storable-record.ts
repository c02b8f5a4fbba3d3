import { Failure } from '../failure.ts';
import type { CollectionDeclaration } from './collections.ts';
import type { Ref } from './records.ts';

/** A record that every store can keep, with its bytes apart. */
export interface StorableRecord {
  readonly collection: string;
  readonly id: string;
  /** The value without its bytes field: a copy, so that later changes by the caller change nothing stored. */
  readonly value: Readonly<Record<string, unknown>>;
  readonly bytes: Uint8Array | null;
  /** What the declared expiry field holds, in ms since the epoch. */
  readonly expires: number | null;
}

/** Firestore's bounds, held by every store: what is stored locally must fit there. */
const MAX_RECORD_BYTES = 1_048_576;
const MAX_ID_BYTES = 1_500;
const MAX_INDEXED_BYTES = 1_500;
const MAX_DEPTH = 20;
/** What Firestore counts for a record before its first field. */
const RECORD_OVERHEAD = 32;
/** The last millisecond that a timestamp of Firestore's can name: 9999-12-31T23:59:59.999Z. */
const MAX_EXPIRY_MS = 253_402_300_799_999;

/** Fails with `RECORDS_MISUSED` unless the id is one both stores accept. */
export function checkId({ collection, id }: Ref<object>): void {
  const accepted =
    id.length > 0 &&
    id.isWellFormed() &&
    Buffer.byteLength(id) <= MAX_ID_BYTES &&
    !id.includes('/') &&
    !/^(\.{1,2}|__.*__)$/s.test(id);
  if (!accepted) throw misused(`${JSON.stringify(id)} cannot be the id of a record in ${collection}.`);
}

/**
 * Checks a value and splits off its bytes. Fields that are undefined are dropped.
 *
 * Fails with `RECORDS_MISUSED` when it holds anything but JSON, bytes anywhere but in the declared field, is larger than
 * Firestore's document, has something in a queried field that cannot be ordered, in a queried list anything but strings, or an
 * expiry that is no point in time.
 */
export function storableRecord(
  ref: Ref<object>,
  value: object,
  declaration: CollectionDeclaration,
  queriedFields: readonly string[],
  listFields: readonly string[] = [],
): StorableRecord {
  checkId(ref);
  const where = `${ref.collection}/${ref.id}`;
  const fields: Record<string, unknown> = { ...value };
  const bytes = declaration.bytes === undefined ? null : takeBytes(fields, declaration.bytes, where);

  const measured = { bytes: RECORD_OVERHEAD + where.length + 16 + (bytes?.length ?? 0) };
  const copy = jsonCopy(fields, where, 0, measured) as Record<string, unknown>;
  if (measured.bytes > MAX_RECORD_BYTES) {
    throw misused(`${where} has ${measured.bytes} bytes; a record may have ${MAX_RECORD_BYTES}.`);
  }
  checkQueriedFields(copy, queriedFields, where);
  checkListFields(copy, listFields, where);
  return {
    collection: ref.collection,
    id: ref.id,
    value: copy,
    bytes,
    expires: declaration.expires === undefined ? null : expiry(copy[declaration.expires], where),
  };
}

function takeBytes(fields: Record<string, unknown>, field: string, where: string): Uint8Array | null {
  const bytes = fields[field];
  delete fields[field];
  if (bytes === undefined) return null;
  if (bytes instanceof Uint8Array) return bytes;
  throw misused(`Field ${field} of ${where} is declared as bytes and holds something else.`);
}

function expiry(value: unknown, where: string): number | null {
  if (value === undefined || value === null) return null;
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_EXPIRY_MS) return value as number;
  throw misused(`The expiry field of ${where} holds something else than whole milliseconds since the epoch.`);
}

function checkQueriedFields(value: Record<string, unknown>, fields: readonly string[], where: string): void {
  for (const field of fields) {
    const compared = value[field];
    if (typeof compared === 'object' && compared !== null) {
      throw misused(`Field ${field} of ${where} is queried and must hold null, a boolean, a number or a string.`);
    }
    if (typeof compared === 'string' && Buffer.byteLength(compared) > MAX_INDEXED_BYTES) {
      throw misused(`Field ${field} of ${where} is queried and may hold ${MAX_INDEXED_BYTES} bytes.`);
    }
  }
}

function checkListFields(value: Record<string, unknown>, fields: readonly string[], where: string): void {
  for (const field of fields) {
    const list = value[field];
    if (list === undefined) continue;
    const isGood = (item: unknown) => typeof item === 'string' && Buffer.byteLength(item) <= MAX_INDEXED_BYTES;
    if (Array.isArray(list) && list.every(isGood)) continue;
    throw misused(`Field ${field} of ${where} is queried as a list: strings of at most ${MAX_INDEXED_BYTES} bytes.`);
  }
}

function jsonCopy(value: unknown, where: string, depth: number, measured: { bytes: number }): unknown {
  if (depth > MAX_DEPTH) throw misused(`${where} is nested more than ${MAX_DEPTH} levels deep.`);
  switch (typeof value) {
    case 'string': {
      // Unpaired surrogates have no UTF-8 form, so no store could give them back.
      const text = value.toWellFormed();
      measured.bytes += Buffer.byteLength(text) + 1;
      return text;
    }
    case 'number':
      if (!Number.isFinite(value)) throw misused(`${where} holds ${value}, which is not a JSON number.`);
      measured.bytes += 8;
      return value + 0; // -0 + 0 is 0: JSON does not know the negative zero.
    case 'boolean':
      measured.bytes += 1;
      return value;
    case 'object':
      return value === null ? ((measured.bytes += 1), null) : nestedCopy(value, where, depth, measured);
    default:
      throw misused(`${where} holds a ${typeof value}, which no record can keep.`);
  }
}

function nestedCopy(value: object, where: string, depth: number, measured: { bytes: number }): unknown {
  if (Array.isArray(value)) {
    return value.map((item: unknown) => {
      if (Array.isArray(item))
        throw misused(`${where} holds an array directly inside an array, which Firestore cannot keep.`);
      return jsonCopy(item, where, depth + 1, measured);
    });
  }
  if (!isPlain(value)) throw misused(`${where} holds bytes or an object of a class outside its declared bytes field.`);
  const copy: Record<string, unknown> = {};
  for (const [field, item] of Object.entries(value)) {
    if (item === undefined) continue;
    if (field === '' || /^__.*__$/s.test(field))
      throw misused(`${where} has a field named "${field}", which is reserved.`);
    const name = field.toWellFormed();
    measured.bytes += Buffer.byteLength(name) + 1;
    copy[name] = jsonCopy(item, where, depth + 1, measured);
  }
  return copy;
}

/** By shape and not by constructor: a value may come from another realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function misused(what: string): Failure {
  return new Failure('RECORDS_MISUSED', what);
}
