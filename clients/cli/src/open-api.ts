import { RunvoyClient } from '@runvoy/sdk/client';
import { nodeFetch } from './node-fetch.ts';

/** Where the API is, and as whom we call it. */
export interface ApiAccess {
  readonly endpoint: string;
  readonly apiKey?: string | undefined;
}

/** A person waits for the prompt: what fails is tried again twice, within a second. */
const TRIES = 3;

/** The API of a server. */
export function openApi({ endpoint, apiKey }: ApiAccess): RunvoyClient {
  return new RunvoyClient({
    endpoint,
    apiKey,
    fetch: nodeFetch,
    tries: TRIES,
    newKey: () => process.getBuiltinModule('node:crypto').randomUUID(),
  });
}
