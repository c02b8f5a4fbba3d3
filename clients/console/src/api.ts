import { RunvoyClient } from '@runvoy/sdk/client';

/** The server that serves this page, as seen with one key. Every call fails with a `RunvoyError`. */
export function openApi(key?: string): RunvoyClient {
  return new RunvoyClient({ endpoint: '', apiKey: key });
}
