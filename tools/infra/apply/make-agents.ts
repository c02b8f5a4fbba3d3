import { gcloud, type InfraRun } from '../infra-run.ts';

/** Google's account that reads and writes a store, where it must exist before it can be granted a key. */
const AGENTS: Readonly<Record<string, string>> = {
  secrets: 'secretmanager',
  firestore: 'firestore',
  pubsub: 'pubsub',
  artifact_registry: 'artifactregistry',
};

/** Makes the agents of the stores that get a key. One that is there is answered as it is. */
export async function makeAgents(run: InfraRun): Promise<void> {
  const stores = (run.settings.variables['kms_stores'] ?? []) as readonly string[];
  const services = stores.flatMap((store) => (AGENTS[store] === undefined ? [] : [`${AGENTS[store]}.googleapis.com`]));
  if (services.length === 0) return;
  await gcloud(run, ['services', 'enable', ...services, 'cloudkms.googleapis.com']);
  for (const service of services) await gcloud(run, ['beta', 'services', 'identity', 'create', '--service', service]);
}
