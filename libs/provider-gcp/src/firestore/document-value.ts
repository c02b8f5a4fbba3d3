/**
 * A field as Firestore's API writes it, in the JSON form of its REST doors. Its gRPC form differs in two kinds only: bytes come
 * as a Buffer, a timestamp as seconds and nanos.
 */
export interface FieldProto {
  readonly nullValue?: unknown;
  readonly booleanValue?: boolean;
  readonly integerValue?: string | number;
  readonly doubleValue?: number;
  readonly stringValue?: string;
  readonly bytesValue?: string | Uint8Array;
  readonly timestampValue?: string | { readonly seconds?: string | number | null; readonly nanos?: number | null };
  readonly referenceValue?: string;
  readonly arrayValue?: { readonly values?: readonly FieldProto[] };
  readonly mapValue?: { readonly fields?: FieldProtos };
}

export type FieldProtos = Readonly<Record<string, FieldProto>>;

/** The fields of a document. `value` is JSON already, without its bytes and with its expiry as a number. */
export function fieldsOf(value: Readonly<Record<string, unknown>>): Record<string, FieldProto> {
  const fields: Record<string, FieldProto> = {};
  for (const [name, field] of Object.entries(value)) fields[name] = fieldOf(field);
  return fields;
}

/** Whole numbers become Firestore's integers, as in Google's clients; both kinds are one number in every order. */
export function fieldOf(value: unknown): FieldProto {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { booleanValue: value };
    case 'number':
      // String(-0) is "0": the two zeros are one value.
      return Number.isSafeInteger(value) ? { integerValue: String(value) } : { doubleValue: value };
    default:
      if (value === null) return { nullValue: null };
      if (Array.isArray(value)) return { arrayValue: { values: value.map(fieldOf) } };
      return { mapValue: { fields: fieldsOf(value as Record<string, unknown>) } };
  }
}

/** The whole milliseconds as the timestamp that a TTL policy looks for. */
export function timestampField(ms: number): FieldProto {
  return { timestampValue: new Date(ms).toISOString() };
}

export function bytesField(bytes: Uint8Array): FieldProto {
  return { bytesValue: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') };
}

/** The value of a document: timestamps as ms since the epoch, bytes as a Uint8Array of their own. */
export function valueOf(fields: FieldProtos | null | undefined): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields ?? {})) value[name] = plain(field);
  return value;
}

function plain(field: FieldProto): unknown {
  if (field.stringValue !== undefined) return field.stringValue;
  if (field.integerValue !== undefined) return Number(field.integerValue);
  if (field.booleanValue !== undefined) return field.booleanValue;
  if (field.mapValue) return valueOf(field.mapValue.fields);
  if (field.doubleValue !== undefined) return field.doubleValue;
  if (field.bytesValue !== undefined) return bytesOf(field.bytesValue);
  if (field.timestampValue !== undefined) return msOf(field.timestampValue);
  if (field.arrayValue) return (field.arrayValue.values ?? []).map(plain);
  return null;
}

function bytesOf(bytes: string | Uint8Array): Uint8Array {
  return new Uint8Array(typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : bytes);
}

function msOf(timestamp: NonNullable<FieldProto['timestampValue']>): number {
  if (typeof timestamp === 'string') return Date.parse(timestamp);
  return Number(timestamp.seconds ?? 0) * 1_000 + Math.floor((timestamp.nanos ?? 0) / 1e6);
}
