import { blocksIn, each, ofType, textOf, type Policy } from './planned.ts';

const SERVICE = 'google_cloud_run_v2_service';

/** What issue and architecture fix of a service: the live view holds its connections for an hour. */
const SHAPES: Readonly<
  Record<string, { readonly timeout: string; readonly concurrency: number; readonly affinity: boolean }>
> = {
  'runvoy-orchestrator': { timeout: '300s', concurrency: 80, affinity: false },
  'runvoy-processor': { timeout: '300s', concurrency: 80, affinity: false },
  'runvoy-intake': { timeout: '300s', concurrency: 80, affinity: false },
  'runvoy-websocket': { timeout: '3600s', concurrency: 1000, affinity: true },
};

const template = (after: Readonly<Record<string, unknown>>) => blocksIn(after, 'template')[0] ?? {};
const container = (after: Readonly<Record<string, unknown>>) => blocksIn(template(after), 'containers')[0] ?? {};

const limited = each(
  SERVICE,
  (after) => {
    const [{ limits } = {}] = blocksIn(container(after), 'resources') as { limits?: Record<string, string> }[];
    const [{ max_instance_count } = {}] = blocksIn(template(after), 'scaling') as { max_instance_count?: number }[];
    return (
      /^\d+$/.test(limits?.['cpu'] ?? '') &&
      /^\d+[MG]i$/.test(limits?.['memory'] ?? '') &&
      (max_instance_count ?? 0) > 0
    );
  },
  'has no limit of CPU, memory or instances.',
);

const shaped = each(
  SERVICE,
  (after) => {
    const shape = SHAPES[textOf(after['name'])];
    const { timeout, max_instance_request_concurrency, session_affinity, execution_environment } = template(after);
    return (
      shape !== undefined &&
      execution_environment === 'EXECUTION_ENVIRONMENT_GEN2' &&
      shape.timeout === timeout &&
      shape.concurrency === max_instance_request_concurrency &&
      shape.affinity === session_affinity
    );
  },
  'has not the timeout, concurrency, affinity or generation of its kind.',
);

const asItself = each(
  SERVICE,
  (after) => textOf(template(after)['service_account']).startsWith(`${textOf(after['name'])}@`),
  'does not run as the account of its own name.',
);

/** A value in plain stands in the state, in the plan and in the console. */
const noSecretInPlain: Policy = (resources) => [
  ...[...ofType(resources, SERVICE), ...ofType(resources, 'google_cloud_run_v2_job')].flatMap(
    ({ address, after, type }) => {
      const inner = type === SERVICE ? after : template(after);
      const env = blocksIn(container(inner), 'env') as {
        name: string;
        value?: string | null;
        value_source?: unknown[];
      }[];
      const signing = env.filter(({ name }) => name === 'RUNVOY_SIGNING_KEY');
      const isReferred = signing.length === 1 && !signing[0]!.value && signing[0]!.value_source?.length === 1;
      const plain = env.filter(
        ({ name, value }) =>
          /(?:_KEY|TOKEN|PASSWORD|SECRET)$/.test(name) && value && name !== 'RUNVOY_GCP_SECRETS_KMS_KEY',
      );
      return [
        ...(isReferred ? [] : [`${address}: RUNVOY_SIGNING_KEY does not come from its secret.`]),
        ...plain.map(({ name }) => `${address}: ${name} stands in plain.`),
      ];
    },
  ),
  ...['google_secret_manager_secret_version', 'google_kms_secret_ciphertext', 'google_apikeys_key'].flatMap((type) =>
    ofType(resources, type).map(({ address }) => `${address}: its value would stand in the state.`),
  ),
];

const kept = each(SERVICE, (after) => after['deletion_protection'] === true, 'may be deleted.');

/** An answer of the API that a cache keeps is shown to somebody else. */
const cachesTheConsoleAlone = each(
  'google_compute_backend_service',
  (after) => {
    const [policy] = blocksIn(after, 'cdn_policy');
    const isOfFiles = after['name'] === 'runvoy-assets' && policy?.['cache_mode'] === 'USE_ORIGIN_HEADERS';
    return after['enable_cdn'] !== true || isOfFiles;
  },
  'keeps answers in a cache that are not files of the console, or for longer than they say.',
);

export const servicePolicies: readonly Policy[] = [
  limited,
  shaped,
  asItself,
  noSecretInPlain,
  kept,
  cachesTheConsoleAlone,
];
