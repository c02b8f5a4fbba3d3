import type { Millis } from '@runvoy/core';
import type { AuthClient } from 'google-auth-library';

/** What of a LogEntry is read. */
export interface LogEntryShape {
  readonly jsonPayload?: unknown;
}

/** Reads of Cloud Logging. */
export interface LoggingApi {
  /** One page of what the filter finds, oldest first. Rejects with the answer's status and text when it is no page. */
  list(query: { readonly filter: string; readonly limit: number; readonly after: string | undefined }): Promise<{
    readonly entries: readonly LogEntryShape[];
    readonly next?: string;
    /** The log's own time when it was asked, to the second below; absent when its answer has no date. */
    readonly as_of_ms?: Millis;
  }>;
}

const WITHIN_MS = 10_000;
const SCOPE = 'https://www.googleapis.com/auth/logging.read';

/**
 * Cloud Logging by REST: Google's own client takes 1.4 s to load, for one method. At `endpoint` (`host:port`) it is spoken to in
 * plaintext and without a token. With a `view` (its full name) that alone is read, where the run logs have a bucket of their own: a
 * project's own reads need not reach it. The library that fetches tokens is loaded with the first call.
 */
export function openLoggingApi({
  project,
  view = `projects/${project}`,
  endpoint,
}: {
  readonly project: string;
  readonly view?: string | undefined;
  readonly endpoint?: string | undefined;
}): LoggingApi {
  let client: Promise<AuthClient> | undefined;
  const url = `${endpoint === undefined ? 'https://logging.googleapis.com' : `http://${endpoint}`}/v2/entries:list`;
  return {
    async list({ filter, limit, after }) {
      client ??= openClient(endpoint === undefined);
      const askedAt = performance.now();
      const { data, headers } = await (
        await client
      ).request<{ entries?: LogEntryShape[]; nextPageToken?: string }>({
        url,
        method: 'POST',
        timeout: WITHIN_MS,
        // Sixty reads a minute for the whole project: a repeat would be another's read.
        retry: false,
        data: {
          resourceNames: [view],
          filter,
          orderBy: 'timestamp asc',
          pageSize: limit,
          ...(after === undefined ? {} : { pageToken: after }),
        },
      });
      const { entries = [], nextPageToken = '' } = data;
      const answeredMs = Date.parse(headers.get('date') ?? '');
      const as_of_ms = Math.floor(answeredMs - (performance.now() - askedAt));
      return {
        entries,
        ...(nextPageToken === '' ? {} : { next: nextPageToken }),
        ...(Number.isNaN(as_of_ms) ? {} : { as_of_ms }),
      };
    },
  };
}

async function openClient(withToken: boolean): Promise<AuthClient> {
  const { GoogleAuth, PassThroughClient } = await import('google-auth-library');
  return withToken ? new GoogleAuth({ scopes: [SCOPE] }).getClient() : new PassThroughClient();
}
