import { HttpRefusal } from '../http-server.ts';
import type { HttpAnswer } from '../http-server.ts';
import type { StoredObject } from './object-store.ts';

/** An object's content, or the part that a `Range` header asks for; 416 when it begins behind the end. */
export function readMedia({ content, resource }: StoredObject, range: string | undefined): HttpAnswer {
  const headers = {
    'content-type': String(resource['contentType']),
    'x-goog-generation': resource.generation,
    'x-goog-metageneration': String(resource['metageneration']),
    'x-goog-stored-content-length': String(content.length),
    'x-goog-stored-content-encoding': 'identity',
    'x-goog-hash': `crc32c=${String(resource['crc32c'])},md5=${String(resource['md5Hash'])}`,
    'accept-ranges': 'bytes',
  };
  const match = /^bytes=(\d*)-(\d*)$/.exec(range ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return { status: 200, headers, body: content };
  const [from, to] = bounds(match[1]!, match[2]!, content.length);
  if (from >= content.length) {
    throw new HttpRefusal(416, 'requestedRangeNotSatisfiable', 'The requested range cannot be satisfied.');
  }
  const body = content.subarray(from, to + 1);
  return { status: 206, headers: { ...headers, 'content-range': `bytes ${from}-${to}/${content.length}` }, body };
}

function bounds(first: string, last: string, size: number): [from: number, to: number] {
  if (first === '') return [Math.max(0, size - Number(last)), size - 1];
  return [Number(first), last === '' ? size - 1 : Math.min(Number(last), size - 1)];
}
