import type { IndexableValue, OrderBy } from '@runvoy/core';

/**
 * Keys whose byte order is the order of a query, in Firestore's type order: null < boolean < number < string (by UTF-8 bytes).
 *
 * Every part delimits itself, so no part is a prefix of another and parts can be joined: comparing two joined keys
 * compares their parts one after the other. No part begins with 0x00 or 0xFF, in either direction.
 */
const NULL = Buffer.of(0x08);
const FALSE = Buffer.of(0x10);
const TRUE = Buffer.of(0x11);
const NUMBER = 0x20;
const STRING = 0x30;

/** Ends a string. Below the escape of a zero byte, so that a string sorts before its own extensions. */
const TERMINATOR = [0x00, 0x01];
const ESCAPED_ZERO = [0x00, 0xff];

/** One part of a key. Throws a `RangeError` for NaN, which has no place in any order. */
export function orderKeyPart(value: IndexableValue, direction: OrderBy['direction']): Buffer {
  const part = ascendingPart(value);
  return direction === 'desc' ? inverted(part) : part;
}

/** The first key after every key that begins with `prefix`. */
export function keyAfterPrefix(prefix: Uint8Array): Buffer {
  const last = prefix.findLastIndex((byte) => byte !== 0xff);
  if (last === -1) return Buffer.of(0xff);
  const after = Buffer.from(prefix.subarray(0, last + 1));
  after[last] = after[last]! + 1;
  return after;
}

/** The very next key after `key`. */
export function keyAfter(key: Uint8Array): Buffer {
  return Buffer.concat([key, Buffer.of(0x00)]);
}

function ascendingPart(value: IndexableValue): Buffer {
  if (value === null) return NULL;
  if (value === false) return FALSE;
  if (value === true) return TRUE;
  return typeof value === 'number' ? numberPart(value) : stringPart(value);
}

function numberPart(value: number): Buffer {
  if (Number.isNaN(value)) throw new RangeError('NaN cannot be ordered.');
  const part = Buffer.allocUnsafe(9);
  part[0] = NUMBER;
  part.writeDoubleBE(value + 0, 1); // -0 + 0 is 0: the two are one value.
  // IEEE 754 orders positive numbers by their bytes already; negative ones run backwards and must come first.
  if (part[1]! & 0x80) for (let i = 1; i < 9; i++) part[i] = ~part[i]!;
  else part[1] = part[1]! | 0x80;
  return part;
}

function stringPart(text: string): Buffer {
  const utf8 = Buffer.from(text, 'utf8');
  if (!utf8.includes(0)) return Buffer.concat([Buffer.of(STRING), utf8, Buffer.from(TERMINATOR)]);
  const part: number[] = [STRING];
  for (const byte of utf8) {
    if (byte === 0) part.push(...ESCAPED_ZERO);
    else part.push(byte);
  }
  return Buffer.from([...part, ...TERMINATOR]);
}

function inverted(part: Buffer): Buffer {
  const result = Buffer.allocUnsafe(part.length);
  for (let i = 0; i < part.length; i++) result[i] = ~part[i]!;
  return result;
}
