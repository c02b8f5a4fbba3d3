import { gcloud, type InfraRun } from './infra-run.ts';

/** A service as Cloud Run describes it. */
export interface RunningService {
  /** Without `runvoy-`. */
  readonly name: string;
  readonly url: string;
  /** Every address of it; the first is `url`. */
  readonly urls: readonly string[];
  readonly image: string;
  /** The image of the sidecar that it starts runs with. */
  readonly sidecar?: string;
  readonly isReady: boolean;
  /** Why it is not ready, in Google's words. */
  readonly reason?: string;
  /** Whether the revision that was made last answers everything: one that failed as a candidate does not. */
  readonly isLatestServing: boolean;
  /** Which revision answers how much; a tag's own address besides. */
  readonly traffic: readonly {
    readonly revision: string;
    readonly percent: number;
    readonly tag?: string;
    readonly url?: string;
  }[];
}

/** Where a service finds which sidecar it starts runs with. */
export const SIDECAR_VARIABLE = 'RUNVOY_GCP_SIDECAR_IMAGE';

interface Container {
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

interface Described {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly Container[] } };
  };
  readonly status?: {
    readonly url?: string;
    readonly latestCreatedRevisionName?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
    readonly traffic?: readonly {
      readonly revisionName?: string;
      readonly percent?: number;
      readonly tag?: string;
      readonly url?: string;
    }[];
  };
}

/** The services of the deployment. Fails when they cannot be listed: none is no answer to that. */
export async function runningServices(run: InfraRun): Promise<readonly RunningService[]> {
  const args = [
    'run',
    'services',
    'list',
    '--region',
    run.settings.region,
    '--filter',
    'metadata.labels.managed-by=runvoy',
  ];
  const listed = JSON.parse(await gcloud(run, [...args, '--format', 'json'])) as readonly Described[];
  return listed.map(({ metadata, spec, status = {} }) => {
    const ready = status.conditions?.find(({ type }) => type === 'Ready');
    const isReady = ready?.status === 'True';
    const [container] = spec.template.spec.containers;
    const sidecar = container?.env?.find(({ name }) => name === SIDECAR_VARIABLE)?.value;
    return {
      name: metadata.name.replace(/^runvoy-/, ''),
      url: status.url ?? '',
      urls: [...new Set([status.url ?? '', ...urlsIn(metadata.annotations?.['run.googleapis.com/urls'])])],
      image: container?.image ?? '',
      ...(sidecar === undefined ? {} : { sidecar }),
      isReady,
      ...(isReady ? {} : { reason: ready?.message ?? 'Cloud Run does not say why' }),
      isLatestServing: (status.traffic ?? []).every(
        ({ revisionName, percent = 0 }) => percent === 0 || revisionName === status.latestCreatedRevisionName,
      ),
      traffic: (status.traffic ?? []).map(({ revisionName = '', percent = 0, tag, url }) => ({
        revision: revisionName,
        percent,
        ...(tag === undefined ? {} : { tag }),
        ...(url === undefined ? {} : { url }),
      })),
    };
  });
}

/** A service has two addresses: one by the number of its project, and one that says nothing. */
const urlsIn = (annotation = '[]'): readonly string[] => JSON.parse(annotation) as readonly string[];
