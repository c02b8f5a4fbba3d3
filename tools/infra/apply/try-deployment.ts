import { InfraProblem } from '../infra-problem.ts';
import type { InfraRun } from '../infra-run.ts';
import { signedIn } from './let-admin-in.ts';
import { outputsOf } from './make-resources.ts';

/** One real run through the public API. */
export async function tryDeployment(run: InfraRun): Promise<void> {
  const { apiUrl } = await outputsOf(run);
  await tryAt(run, apiUrl, apiUrl);
}

/** Tries what answers at `address`, and the live view at `websocketUrl` or where the API says, with the key for the deployment at `apiUrl`. */
export async function tryAt(run: InfraRun, apiUrl: string, address: string, websocketUrl?: string): Promise<void> {
  const known = await signedIn(run, apiUrl);
  if (known === undefined) throw new InfraProblem(`There is no key for ${apiUrl} to try it with. Apply again.`);
  try {
    await run.smoke(address, known.apiKey, websocketUrl);
  } catch (cause) {
    const { project } = run.settings;
    const see = `See what runs: runvoy infra status --project ${project}. What it says: runvoy health`;
    throw new InfraProblem(`The smoke test failed at ${address}. ${(cause as Error).message}\n${see}`, { cause });
  }
}
