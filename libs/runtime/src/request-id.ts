import { randomUUID } from 'node:crypto';

/**
 * The id of one request, as random as a UUID, in 32 hexadecimal digits: a trace of ours is named by it. Node draws the bytes of many UUIDs at
 * once; drawn for each request they cost five times as much.
 */
export function newRequestId(): string {
  return randomUUID().replaceAll('-', '');
}
