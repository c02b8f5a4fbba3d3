import { writeRows } from './line-rows.ts';

/** A batch as it stands in the bytes of its message. */
export interface BatchBytes {
  readonly from: number;
  readonly through: number;
  /** When its last line was read. */
  readonly lastMs: number;
  readonly expires_at: number;
  readonly key_id: string;
  readonly mac: string;
  /** What `signedRows` makes of it, in UTF-8. The next rows that are written overwrite it. */
  readonly rows: Uint8Array;
  /** Makes of them what the SHA-256 of an end record runs over, in their place: they are gone then. */
  readonly digestRows: () => Uint8Array;
  /** The lines as a JSON array: a part of the bytes that were read. */
  readonly body: Uint8Array;
}

/*
 * What `JSON.stringify` writes of a `logs` message, in the order of fields in which runners make it, and nothing else; as `writeRows` has
 * it of the lines.
 */
const HEAD = /\{"from":([1-9]\d{0,11}),"lines":\[/y;
const TAIL = /\],"expires_at":(0|[1-9]\d{0,14}),"key_id":"([ !#-[\]-~]{0,64})","mac":"([0-9a-f]{64})"\}$/y;

/**
 * Reads a `logs` message from its bytes, which must be UTF-8, without making anything of its lines. Undefined for what is not in the
 * form in which runners write it, is not numbered, or is no such message: that has to be parsed and held against the schema.
 */
export function readBatch(bytes: Buffer): BatchBytes | undefined {
  const text = bytes.toString('latin1');
  const head = matchAt(HEAD, text, 0);
  if (!head) return undefined;
  const from = Number(head[1]);
  const start = HEAD.lastIndex;
  const lines = writeRows(bytes, text, { start, from, form: 'signed' });
  const tail = lines && matchAt(TAIL, text, lines.end);
  if (!tail) return undefined;
  return {
    from,
    through: lines.through,
    lastMs: lines.lastMs,
    expires_at: Number(tail[1]),
    key_id: tail[2]!,
    mac: tail[3]!,
    rows: lines.rows,
    digestRows: lines.untimed,
    body: bytes.subarray(start - 1, lines.end + 1),
  };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
