import { Failure } from '../failure.ts';

const SEGMENT = /^[A-Za-z0-9._-]{1,200}$/;
const DOTS = /^\.{1,2}$/;
const MAX_NAME = 1_000;

/**
 * The segments of a blob's name. Fails with `RECORDS_MISUSED` for what is none; the bounds (200 characters a segment, 1,000 in
 * all) fit a file system as well as Cloud Storage.
 */
export function blobSegments(name: string): readonly string[] {
  const segments = name.split('/');
  const isName = segments.every((segment) => SEGMENT.test(segment) && !DOTS.test(segment));
  if (isName && name.length <= MAX_NAME) return segments;
  throw new Failure('RECORDS_MISUSED', `${JSON.stringify(name)} cannot be the name of a blob.`);
}
