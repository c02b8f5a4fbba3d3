import { status } from '@grpc/grpc-js';
import { GrpcRefusal } from './grpc-server.ts';

const LARGEST = 25_000;

/** The page that was asked for; tokens are opaque to callers. */
export function page<T>(
  all: readonly T[],
  { pageSize, pageToken }: { readonly pageSize?: number; readonly pageToken?: string },
): { readonly items: readonly T[]; readonly nextPageToken: string } {
  const from = pageToken ? Number(Buffer.from(pageToken, 'base64url').toString()) : 0;
  if (!Number.isInteger(from) || from < 0)
    throw new GrpcRefusal(status.INVALID_ARGUMENT, 'The page token is not valid.');
  const to = from + Math.min(pageSize || LARGEST, LARGEST);
  const more = to < all.length;
  return { items: all.slice(from, to), nextPageToken: more ? Buffer.from(String(to)).toString('base64url') : '' };
}
