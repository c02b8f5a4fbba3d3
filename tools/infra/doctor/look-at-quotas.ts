import { SERVICES, type DeploymentSettings } from '../deployment-settings.ts';
import { refusalText, type GoogleRest } from '../google-rest.ts';
import { failed, ok, unknown, type Finding } from './finding.ts';

interface Bucket {
  readonly effectiveLimit?: string;
  readonly dimensions?: Readonly<Record<string, string>>;
}

interface Metric {
  readonly metric?: string;
  readonly consumerQuotaLimits?: readonly { readonly quotaBuckets?: readonly Bucket[] }[];
}

/** What one instance of a service has unless told otherwise (`scaling` of `infra/terraform`). */
const USUAL = { max: 100, cpu: '1', memory: '512Mi' };

/**
 * Whether Cloud Run lets the services be as large as they may become: it refuses a service whose most instances together would have more
 * CPU or memory than the region's quota. A new project has 20 vCPU in many regions, and the usual 100 instances ask for 100.
 */
export async function lookAtQuotas(google: GoogleRest, settings: DeploymentSettings): Promise<readonly Finding[]> {
  const { project, region } = settings;
  const path = `v1beta1/projects/${project}/services/run.googleapis.com/consumerQuotaMetrics?view=FULL&pageSize=200`;
  const answer = await google.ask('serviceusage.googleapis.com', path);
  if (answer.status !== 200) {
    return [unknown('quotas', `could not be read: ${refusalText(answer)}`, `Look by hand: ${pageOf(project)}`)];
  }
  const metrics = (answer.body['metrics'] ?? []) as readonly Metric[];
  return [
    judge(
      settings,
      'CPU',
      limitOf(metrics, 'run.googleapis.com/cpu_allocation', region),
      'mCPU',
      (cpu) => cpu.milliCpu,
    ),
    judge(
      settings,
      'memory',
      limitOf(metrics, 'run.googleapis.com/mem_allocation', region),
      'bytes',
      (one) => one.bytes,
    ),
  ];
}

type Size = { readonly max: number; readonly milliCpu: number; readonly bytes: number };

function judge(
  settings: DeploymentSettings,
  what: string,
  limit: number | undefined,
  unit: string,
  ofOne: (size: Size) => number,
): Finding {
  const { project, region } = settings;
  const about = `quotas`;
  if (limit === undefined) {
    return unknown(
      about,
      `Cloud Run's ${what} in ${region} is not among those that Google names`,
      `Look: ${pageOf(project)}`,
    );
  }
  const sizes = SERVICES.map((name) => ({ name, size: sizeOf(settings, name) }));
  // -1 is no limit.
  const over = limit < 0 ? [] : sizes.filter(({ size }) => size.max * ofOne(size) > limit);
  if (over.length === 0) return ok(about, `Cloud Run's ${what} in ${region}: ${limit} ${unit}`);
  const most = Math.min(...over.map(({ size }) => Math.floor(limit / ofOne(size))));
  const asked = Math.max(...over.map(({ size }) => size.max * ofOne(size)));
  const more = `Or ask for more: ${pageOf(project)}`;
  return failed(
    about,
    `${over.map(({ name }) => name).join(', ')} may become ${asked} ${unit} of ${what} in ${region}, and ${limit} is the limit`,
    most < 1
      ? more.replace('Or ask', 'Ask')
      : `runvoy infra apply --project ${project} --max-instances ${most}. ${more}`,
  );
}

function sizeOf({ variables }: DeploymentSettings, name: string): Size {
  const given = ((variables['scaling'] ?? {}) as Record<string, Partial<typeof USUAL>>)[name];
  const { max, cpu, memory } = { ...USUAL, ...given };
  const [, amount = '0', scale] = /^(\d+)([MG])i$/.exec(memory) ?? [];
  return { max, milliCpu: Number(cpu) * 1000, bytes: Number(amount) * 1024 ** (scale === 'G' ? 3 : 2) };
}

/** The bucket of the region, else the one without a region. */
function limitOf(metrics: readonly Metric[], wanted: string, region: string): number | undefined {
  const buckets = metrics
    .filter(({ metric }) => metric === wanted)
    .flatMap(({ consumerQuotaLimits = [] }) => consumerQuotaLimits.flatMap(({ quotaBuckets = [] }) => quotaBuckets));
  const bucket =
    buckets.find(({ dimensions }) => dimensions?.['region'] === region) ??
    buckets.find(({ dimensions }) => dimensions === undefined || Object.keys(dimensions).length === 0);
  return bucket?.effectiveLimit === undefined ? undefined : Number(bucket.effectiveLimit);
}

const pageOf = (project: string): string =>
  `https://console.cloud.google.com/iam-admin/quotas?service=run.googleapis.com&project=${project}`;
