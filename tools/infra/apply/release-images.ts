import { rootValues } from '../deployment-settings.ts';
import { InfraProblem } from '../infra-problem.ts';
import { gcloud, type InfraRun } from '../infra-run.ts';
import { runningServices, SIDECAR_VARIABLE, type RunningService } from '../running-services.ts';
import { outputsOf } from './make-resources.ts';
import { tryAt } from './try-deployment.ts';

/** What runners and pushes reach first: an old API may start runs for a new intake, not the other way round. */
const SHIFT_ORDER = ['intake', 'processor', 'websocket', 'orchestrator'];

/**
 * Terraform leaves image and traffic of a service alone. Of those that run another image than this version's, or not the one made last: deploys it without traffic, tries it,
 * shifts the traffic, tries it again, and shifts back when that fails. `cloudbuild.yaml` does the same.
 */
export async function releaseImages(run: InfraRun): Promise<void> {
  const before = (await runningServices(run)).filter(
    ({ name, image, isLatestServing }) => image !== imageOf(run, name) || !isLatestServing,
  );
  if (before.length === 0) return;
  const { region } = run.settings;
  for (const { name } of before) {
    const sidecar = ['--update-env-vars', `${SIDECAR_VARIABLE}=${imageOf(run, 'sidecar')}`];
    const image = ['--image', imageOf(run, name), ...sidecar];
    await gcloud(run, [
      'run',
      'deploy',
      `runvoy-${name}`,
      '--region',
      region,
      ...image,
      '--no-traffic',
      '--tag',
      'candidate',
    ]);
  }
  const { apiUrl, loadBalancer } = await outputsOf(run);
  await tryCandidate(run, apiUrl, loadBalancer);
  const ordered = before.toSorted((a, b) => SHIFT_ORDER.indexOf(a.name) - SHIFT_ORDER.indexOf(b.name));
  for (const { name } of ordered) await shift(run, name, ['--to-latest']);
  try {
    await tryAt(run, apiUrl, apiUrl);
  } catch (cause) {
    for (const service of ordered.toReversed()) await shift(run, service.name, ['--to-revisions', trafficOf(service)]);
    const message = `${(cause as Error).message}\nThe traffic was shifted back to what ran before.`;
    throw new InfraProblem(message, { cause });
  }
}

/** Behind a load balancer a candidate has no public address: it is tried with the traffic, and shifted back when it fails. */
async function tryCandidate(run: InfraRun, apiUrl: string, loadBalancer: string | undefined): Promise<void> {
  if (loadBalancer !== undefined)
    return run.say('Behind a load balancer a candidate cannot be tried before it has the traffic.');
  const running = await runningServices(run);
  const candidateOf = (wanted: string) =>
    running.find(({ name }) => name === wanted)?.traffic.find(({ tag }) => tag === 'candidate')?.url;
  await tryAt(run, apiUrl, candidateOf('orchestrator') ?? apiUrl, candidateOf('websocket')?.replace(/^http/, 'ws'));
}

const shift = (run: InfraRun, name: string, to: readonly string[]): Promise<string> =>
  gcloud(run, ['run', 'services', 'update-traffic', `runvoy-${name}`, '--region', run.settings.region, ...to]);

/** `a=90,b=10`: what answered before, as gcloud takes it. */
const trafficOf = ({ traffic }: RunningService): string =>
  traffic.flatMap(({ revision, percent }) => (percent > 0 ? [`${revision}=${percent}`] : [])).join(',');

function imageOf({ settings }: InfraRun, name: string): string {
  const images = rootValues(settings)['images'] as Readonly<Record<string, string>>;
  return images[name === 'intake' ? 'processor' : name]!;
}
