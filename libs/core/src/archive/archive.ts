/**
 * Where large blobs live (Cloud Storage; files). Names are `/`-separated, `[A-Za-z0-9._-]` segments, never `.` or `..`;
 * any other fails with `RECORDS_MISUSED`.
 */
export interface Archive {
  /** Stores the whole stream under `name`; readers see all of it or nothing. Fails with `RECORD_EXISTS` when taken. */
  put(name: string, content: AsyncIterable<Uint8Array>): Promise<{ readonly bytes: number }>;
  /** Streams the blob from byte `from` (default 0), or answers undefined when there is none. */
  get(
    name: string,
    range?: { readonly from?: number; readonly length?: number },
  ): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Deletes when present. */
  delete(name: string): Promise<void>;
  /** Names below a prefix, in order, at most `limit` after `after`. */
  list(prefix: string, page: { readonly after?: string; readonly limit: number }): Promise<readonly string[]>;
}
