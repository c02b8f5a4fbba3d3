import { readdirSync } from 'node:fs';
import { expect, test } from '@jest/globals';

/** Files that only one of the two providers has, each with its reason. */
const ONLY_LOCAL: Readonly<Record<string, string>> = {
  'backup-manifest.ts': 'what a backup of the data directory says of itself',
  'backup.ts': 'Firestore has backups of its own; here the data directory is what is backed up',
  'restore.ts': 'the same',
  'data-dir.ts': 'everything of the local provider is in one directory; at Google each thing has a service',
  'retry-delay.ts': 'the local event bus repeats by itself; at Google Pub/Sub does',
};
const ONLY_GCP: Readonly<Record<string, string>> = {
  'caller-verifier.ts': 'events come over the network with Google’s tokens; locally they stay in the process',
  'crc32c.ts': 'what goes over the network to Secret Manager carries a checksum',
  'dead-letters.ts': 'Pub/Sub has a topic for what is put aside; the local event bus hands it to the records itself',
  'endpoint.ts': 'Google’s services are reached by address; locally there is none',
  'gcp-ports.ts': 'opens all adapters from the configuration; locally the data directory is what is opened',
  'telemetry-receiver.ts': 'Google receives spans and numbers itself; locally somebody has to name a receiver',
  'platform-entry.ts':
    'Google tells of executions and of their output in log entries; locally the processes are our children',
};

const listing = (provider: string) =>
  readdirSync(new URL(`../../${provider}/src`, import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

test('both providers have the same files, but for the exceptions that are named here with a reason', () => {
  const [local, gcp] = [listing('provider-local'), listing('provider-gcp')];
  const onlyIn = (these: readonly string[], those: readonly string[]) => these.filter((name) => !those.includes(name));
  expect(onlyIn(local, gcp).toSorted()).toEqual(Object.keys(ONLY_LOCAL).toSorted());
  expect(onlyIn(gcp, local).toSorted()).toEqual(Object.keys(ONLY_GCP).toSorted());
});
