import type { IncomingMessage } from 'node:http';
import { HttpRefusal } from '../http-server.ts';
import type { HttpAnswer } from '../http-server.ts';
import { readMedia } from './read-media.ts';
import type { NewObject, ObjectStore, Preconditions } from './object-store.ts';
import type { Uploads } from './uploads.ts';

/** What a request asks for, and what the caller must be allowed. */
export interface StorageRoute {
  readonly operation: string;
  readonly permission: string;
  readonly resource: string;
  run(): Promise<HttpAnswer>;
}

const LARGEST_PAGE = 1_000;
// With STORAGE_EMULATOR_HOST the client leaves the first half of the path out.
const PATH = /^(\/upload)?(?:\/storage\/v1)?\/b\/([^/]+)(?:\/(o)(?:\/([^/]+))?)?$/;

/** Finds the operation of the JSON API (https://cloud.google.com/storage/docs/json_api/v1). Throws 404 for what is not known here. */
export function routeStorage(store: ObjectStore, uploads: Uploads, request: IncomingMessage): StorageRoute {
  const url = new URL(request.url!, 'http://storage');
  const match = PATH.exec(url.pathname);
  if (!match) throw new HttpRefusal(404, 'notFound', `This fake knows no path ${url.pathname}.`);
  const [upload, bucket, objects, object] = match.slice(1).map((part) => part && decodeURIComponent(part));
  const query = Object.fromEntries(url.searchParams) as Record<string, string | undefined>;
  const bucketName = `projects/_/buckets/${bucket}`;
  const named = (name: string) => `${bucketName}/objects/${name}`;
  const route = (operation: string, resource: string, run: () => Promise<HttpAnswer>): StorageRoute => {
    const permission =
      operation === 'upload' ? 'storage.objects.create' : `storage.${operation.replace('insert', 'create')}`;
    return { operation, permission, resource, run };
  };

  if (upload) {
    const name = query['name'] ?? '';
    const target: NewObject = { bucket: bucket!, name };
    const run = () => uploading(uploads, request, target, query);
    return route(query['upload_id'] === undefined ? 'objects.insert' : 'upload', named(name), run);
  }
  switch (`${request.method} ${objects ? (object === undefined ? 'list' : 'object') : 'bucket'}`) {
    case 'GET bucket':
      return route('buckets.get', bucketName, async () => {
        store.bucket(bucket!);
        return { status: 200, body: { kind: 'storage#bucket', id: bucket, name: bucket, location: 'EUROPE-WEST1' } };
      });
    case 'GET list':
      return route('objects.list', bucketName, async () => ({ status: 200, body: listed(store, bucket!, query) }));
    case 'GET object':
      return route('objects.get', named(object!), async () => {
        const found = store.get(bucket!, object!, query['generation']);
        store.check(bucket!, object!, conditionsOf(query));
        return query['alt'] === 'media'
          ? readMedia(found, request.headers.range)
          : { status: 200, body: found.resource };
      });
    case 'DELETE object':
      return route('objects.delete', named(object!), async () => {
        store.delete(bucket!, object!, query['generation'], conditionsOf(query));
        return { status: 204 };
      });
    default:
      throw new HttpRefusal(405, 'methodNotAllowed', `This fake does not answer ${request.method} ${url.pathname}.`);
  }
}

async function uploading(
  uploads: Uploads,
  request: IncomingMessage,
  target: NewObject,
  query: Record<string, string | undefined>,
): Promise<HttpAnswer> {
  const { uploadType, upload_id: id } = query;
  if (id !== undefined) return request.method === 'DELETE' ? uploads.cancel(id) : uploads.continue(request, id);
  const conditions = conditionsOf(query);
  if (uploadType === 'media') return uploads.media(request, target, conditions);
  if (uploadType === 'multipart') return uploads.multipart(request, target, conditions);
  if (uploadType === 'resumable') return uploads.begin(request, target, conditions);
  throw new HttpRefusal(400, 'invalid', `There is no uploadType ${uploadType}.`);
}

function listed(store: ObjectStore, bucket: string, query: Record<string, string | undefined>): object {
  const { prefix, startOffset, endOffset, pageToken, maxResults, delimiter } = query;
  if (delimiter !== undefined) throw new HttpRefusal(400, 'invalid', 'This fake knows no delimiter.');
  const after = pageToken === undefined ? undefined : Buffer.from(pageToken, 'base64').toString();
  const all = store.list(bucket, { ...defined({ prefix, startOffset, endOffset }) });
  const rest = after === undefined ? all : all.filter(({ resource }) => String(resource['name']) > after);
  const page = rest.slice(0, Math.min(Number(maxResults ?? LARGEST_PAGE), LARGEST_PAGE));
  const last = page.at(-1);
  return {
    kind: 'storage#objects',
    ...(page.length > 0 ? { items: page.map(({ resource }) => resource) } : {}),
    ...(last && page.length < rest.length
      ? { nextPageToken: Buffer.from(String(last.resource['name'])).toString('base64') }
      : {}),
  };
}

function conditionsOf(query: Record<string, string | undefined>): Preconditions {
  const { ifGenerationMatch, ifGenerationNotMatch, ifMetagenerationMatch } = query;
  return defined({ ifGenerationMatch, ifGenerationNotMatch, ifMetagenerationMatch });
}

function defined<T extends object>(values: T): { [Key in keyof T]?: NonNullable<T[Key]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
