import type { GitSource, Isolation, Network, RunRequest } from '@runvoy/protocol';
import type { Caller } from '../access/authenticate.ts';
import { Failure } from '../failure.ts';
import type { Image } from '../images/image.ts';
import type { Demand, JobRunner } from '../jobs/job-runner.ts';
import type { SubmitDeps } from './submission.ts';

/** The image that means "this machine": the default where the isolation cannot honour any other. */
export const HOST_IMAGE = 'host';

/** These have no image but the machine. */
const RUNS_HOST_PROGRAMS: ReadonlySet<Isolation> = new Set(['bubblewrap', 'process']);

/** A lower level than the deployment's is never taken silently: only when the caller names it. */
export function chooseIsolation(deps: SubmitDeps, request: RunRequest, caller: Caller, image: Image): Isolation {
  const isolation = request.isolation ?? deps.policy.isolation;
  if (!deps.jobs.isolations.includes(isolation)) {
    throw new Failure(
      'ISOLATION_UNAVAILABLE',
      `Isolation ${isolation} is not available here; available: ${deps.jobs.isolations.join(', ')}.`,
    );
  }
  if (isolation === 'process' && caller.user.role !== 'admin' && !deps.policy.trustAllUsers) {
    throw new Failure(
      'FORBIDDEN',
      'Isolation process keeps nothing of the server from a command, so only admins may run. ' +
        'RUNVOY_LOCAL_TRUST_ALL_USERS=true lets everybody.',
    );
  }
  const isWaived = request.isolation === isolation || image.image === HOST_IMAGE;
  if (RUNS_HOST_PROGRAMS.has(isolation) && !isWaived) {
    throw new Failure(
      'IMAGE_NEEDS_CONTAINER',
      `Image ${image.image} needs a container engine, and isolation ${isolation} runs the programs of this machine. ` +
        `Install podman or docker and start the server again, or run it without the image: --isolation ${isolation}.`,
    );
  }
  return isolation;
}

/** What an image does not have, a run cannot be given. */
export function chooseNetwork(request: RunRequest, image: Image): Network {
  if (image.network !== 'none') return request.network ?? 'default';
  if (request.network === 'default') {
    throw new Failure('UNPROCESSABLE', `Image ${image.image_id} is registered with network none; its runs have none.`);
  }
  return 'none';
}

/** What an isolation cannot limit it does not offer: whoever asked for it is told, not given less. */
export function requireMeans({ jobs }: SubmitDeps, isolation: Isolation, image: Image, network: Network): void {
  const lacking = jobs.shortcomings?.[isolation] ?? [];
  const size = image.is_sized ? (['cpu', 'memory'] as const) : [];
  const demands: readonly Demand[] = [...size, ...(network === 'none' ? (['no_network'] as const) : [])];
  const unmet = demands.filter((demand) => lacking.includes(demand));
  if (unmet.length === 0) return;
  throw new Failure(
    'ISOLATION_TOO_WEAK',
    `Isolation ${isolation} cannot enforce ${unmet.map((demand) => MEANS[demand]).join(' and ')}. ` +
      `${adviceFor(jobs, unmet)}${size.length > 0 ? ' Or register the image without cpu and memory.' : ''}`,
  );
}

const MEANS: Readonly<Record<Demand, string>> = {
  cpu: 'the cpu limit of its image',
  memory: 'the memory limit of its image',
  no_network: 'network none',
};

function adviceFor({ isolations, shortcomings }: JobRunner, demands: readonly Demand[]): string {
  const other = isolations.find((known) => !demands.some((demand) => shortcomings?.[known]?.includes(demand)));
  if (other !== undefined) return `Use isolation ${other}.`;
  if (!isolations.includes('process') || isolations.includes('container')) return 'Nothing here can.';
  return 'Isolation container can: install podman or docker here and start the server again.';
}

/** A clone is made by the run itself. */
export function requireReach(git: GitSource | undefined, network: Network): void {
  if (network === 'default' || !git || git.url.startsWith('file:')) return;
  throw new Failure('UNPROCESSABLE', `git_repo ${git.url} cannot be cloned by a run with network none.`);
}
