import { answering, bodyOf, HttpRefusal, serveHttp, type HttpAnswer } from './http-server.ts';

/** One rule of an effective policy of the Organization Policy API, v2. */
export interface PolicyRule {
  readonly allowAll?: boolean;
  readonly denyAll?: boolean;
  readonly enforce?: boolean;
  readonly values?: { readonly allowedValues?: readonly string[]; readonly deniedValues?: readonly string[] };
}

/** What a project is like, before anything is deployed in it. A test changes it while it is asked. */
export interface ProjectSetup {
  /** `undefined`: there is no such project, or the caller may not see it. */
  state: 'ACTIVE' | 'DELETE_REQUESTED' | undefined;
  billingEnabled: boolean;
  /** What the caller may not do; everything else they may. */
  readonly withheld: Set<string>;
  readonly enabled: Set<string>;
  /** Metric of Cloud Run to its limit in the region; -1 is none. */
  readonly quotas: Map<string, number>;
  /** Constraint to its effective rules. One that nobody has set is not there. */
  readonly policies: Map<string, readonly PolicyRule[]>;
  /** APIs that refuse everything with this status. */
  readonly refusing: Map<string, number>;
}

export interface FakeProjectSetup {
  readonly setup: ProjectSetup;
  /** Every API lies below it, by its name: `<origin>/serviceusage.googleapis.com/v1/...`. */
  readonly origin: string;
  stop(): Promise<void>;
}

interface Asked {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * What is asked about a project before and after something is deployed in it, in the JSON of Google's APIs: Cloud Resource Manager v3,
 * Cloud Billing v1, Service Usage v1 and v1beta1, Organization Policy v2. Only who brings this token is answered.
 */
export async function fakeProjectSetup({
  project,
  region,
  token,
}: {
  readonly project: string;
  readonly region: string;
  readonly token: string;
}): Promise<FakeProjectSetup> {
  const setup: ProjectSetup = {
    state: 'ACTIVE',
    billingEnabled: true,
    withheld: new Set(),
    enabled: new Set(),
    quotas: new Map(),
    policies: new Map(),
    refusing: new Map(),
  };
  const answers = answersOf(setup, project, region);
  const server = await serveHttp(
    answering(async (request) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake');
      const [, api = '', ...rest] = pathname.split('/');
      if (request.headers.authorization !== `Bearer ${token}`) {
        throw new HttpRefusal(401, 'authError', 'Request had invalid authentication credentials.');
      }
      const refused = setup.refusing.get(api);
      if (refused !== undefined) throw new HttpRefusal(refused, 'forbidden', `${api} refuses`);
      const text = (await bodyOf(request)).toString();
      const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
      const answer = answers[api]?.({ path: decodeURIComponent(rest.join('/')), query: searchParams, body });
      if (answer === undefined) throw new HttpRefusal(404, 'notFound', `${pathname} is not served by the fake`);
      return answer;
    }),
  );
  return { setup, origin: `http://${server.host}`, stop: () => server.stop() };
}

function answersOf(
  setup: ProjectSetup,
  project: string,
  region: string,
): Readonly<Record<string, (asked: Asked) => HttpAnswer | undefined>> {
  const name = `projects/${project}`;
  return {
    'cloudresourcemanager.googleapis.com': ({ path, body }) => {
      if (path === `v3/${name}:testIamPermissions`) {
        const permissions = (body['permissions'] as readonly string[]).filter((one) => !setup.withheld.has(one));
        return answer(permissions.length === 0 ? {} : { permissions });
      }
      if (path !== `v3/${name}` || setup.state === undefined) {
        throw new HttpRefusal(
          403,
          'forbidden',
          `The caller does not have permission to see ${path.slice(3)}, or it does not exist.`,
        );
      }
      return answer({ name: 'projects/123456789012', projectId: project, state: setup.state });
    },
    'cloudbilling.googleapis.com': ({ path }) =>
      path === `v1/${name}/billingInfo`
        ? answer({ name: `${name}/billingInfo`, projectId: project, billingEnabled: setup.billingEnabled })
        : undefined,
    'serviceusage.googleapis.com': ({ path, query }) => {
      if (path === `v1/${name}/services:batchGet`)
        return answer({ services: servicesOf(setup, query.getAll('names')) });
      if (path === `v1beta1/${name}/services/run.googleapis.com/consumerQuotaMetrics`) {
        return answer({ metrics: [...setup.quotas].map(([metric, limit]) => metricOf(metric, limit, region)) });
      }
      return undefined;
    },
    'orgpolicy.googleapis.com': ({ path }) => {
      const [, constraint = ''] = /^v2\/projects\/[^/]+\/policies\/(.+):getEffectivePolicy$/.exec(path) ?? [];
      const rules = setup.policies.get(constraint);
      if (rules === undefined) throw new HttpRefusal(404, 'notFound', `Policy ${constraint} was not found.`);
      return answer({ name: `${name}/policies/${constraint}`, spec: { rules } });
    },
  };
}

const answer = (body: object): HttpAnswer => ({ status: 200, body });

/** At most 30 may be asked for at once. */
function servicesOf({ enabled }: ProjectSetup, names: readonly string[]): readonly object[] {
  if (names.length > 30) throw new HttpRefusal(400, 'badRequest', 'Request contains more than 30 names.');
  return names.map((name) => ({
    name: name.replace(/^projects\/[^/]+/, 'projects/123456789012'),
    state: enabled.has(name.split('/').at(-1)!) ? 'ENABLED' : 'DISABLED',
  }));
}

/** int64 stands as a text in JSON. */
function metricOf(metric: string, limit: number, region: string): object {
  const quotaBuckets = [
    { effectiveLimit: '200000', defaultLimit: '200000' },
    { effectiveLimit: String(limit), defaultLimit: String(limit), dimensions: { region } },
  ];
  return { metric, consumerQuotaLimits: [{ metric, unit: '1/min/{project}/{region}', quotaBuckets }] };
}
