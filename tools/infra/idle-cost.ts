import { blocksIn, ofType, textOf } from '../terraform/policy/planned.ts';
import type { PlannedResource } from '../terraform/terraform-workspace.ts';
import { MONTH_HOURS, MONTH_SECONDS, PRICES } from './prices.ts';

type Plan = readonly PlannedResource[];

/** What something costs in 30 days in which nobody uses it. */
export interface IdleRow {
  readonly what: string;
  /** In USD. Undefined: it depends on what is stored, or nobody here knows the price. */
  readonly usd?: number;
}

/** Cloud Run charges each request of an instance that is not always there for 100 ms at least. */
const LEAST_REQUEST_S = 0.1;

/**
 * Everything of a plan that costs while nobody uses it, at list prices (`prices.ts`), without free quotas: what is free depends on the
 * billing account, so the sum errs high. What grows with use (stored data, logs) is not in it.
 */
export function idleCost(plan: Plan): readonly IdleRow[] {
  return [...instances(plan), ...schedules(plan), ...network(plan), ...keysAndSecrets(plan), ...watching(plan)];
}

function instances(plan: Plan): readonly IdleRow[] {
  return ofType(plan, 'google_cloud_run_v2_service').flatMap(({ after }) => {
    const [template = {}] = blocksIn(after, 'template');
    const [{ min_instance_count: min = 0 } = {}] = blocksIn(template, 'scaling');
    if (!(Number(min) > 0)) return [];
    const [{ limits } = {}] = blocksIn(blocksIn(template, 'containers')[0] ?? {}, 'resources');
    const { cpu, memory } = (limits ?? {}) as { readonly cpu?: string; readonly memory?: string };
    const second = Number(cpu) * PRICES.idleVcpuSecond + gibibytes(memory) * PRICES.idleGibSecond;
    const what = `${textOf(after['name'])}: ${textOf(min)} instance always there (${cpu} vCPU, ${memory})`;
    return [{ what, usd: Number(min) * MONTH_SECONDS * second }];
  });
}

function schedules(plan: Plan): readonly IdleRow[] {
  return ofType(plan, 'google_cloud_scheduler_job').flatMap(({ after }) => {
    const schedule = textOf(after['schedule']);
    const job = { what: `${textOf(after['name'])}: ${schedule}`, usd: PRICES.schedulerJob };
    const times = timesAMonth(schedule);
    if (times === undefined) return [job];
    const second = PRICES.vcpuSecond + 0.5 * PRICES.gibSecond;
    return [job, { what: `  its ${times} requests, 100 ms each at least`, usd: times * LEAST_REQUEST_S * second }];
  });
}

function network(plan: Plan): readonly IdleRow[] {
  const connectors = ofType(plan, 'google_vpc_access_connector').map(({ after }) => ({
    what: `connector: ${textOf(after['min_instances'])} ${textOf(after['machine_type'])} always there`,
    usd: Number(after['min_instances']) * MONTH_HOURS * PRICES.e2MicroHour,
  }));
  const rules = ofType(plan, 'google_compute_global_forwarding_rule').length;
  const armors = ofType(plan, 'google_compute_security_policy').map(({ after }) => {
    const count = blocksIn(after, 'rule').length;
    return { what: `Cloud Armor: one policy, ${count} rules`, usd: PRICES.armorPolicy + count * PRICES.armorRule };
  });
  const balancer = {
    what: `load balancer: ${rules} forwarding ${rules === 1 ? 'rule' : 'rules'}`,
    usd: MONTH_HOURS * PRICES.fiveForwardingRulesHour,
  };
  return [...connectors, ...(rules > 0 ? [balancer] : []), ...armors];
}

function keysAndSecrets(plan: Plan): readonly IdleRow[] {
  const keys = ofType(plan, 'google_kms_crypto_key').map(({ after }) => ({
    what: `key ${textOf(after['name'])}, one version`,
    usd: PRICES.keyVersion,
  }));
  // Terraform makes the signing key's, the orchestrator the data key's.
  return [...keys, { what: 'secrets: 2, one version each', usd: 2 * PRICES.secretVersion }];
}

function watching(plan: Plan): readonly IdleRow[] {
  const conditions = ofType(plan, 'google_monitoring_alert_policy').reduce(
    (sum, { after }) => sum + blocksIn(after, 'conditions').length,
    0,
  );
  const stored = 'Firestore and its backups, archive, images, logs: by what is stored';
  return [...(conditions > 0 ? [{ what: `alerts: ${conditions} conditions` }] : []), { what: stored }];
}

function gibibytes(memory = ''): number {
  const [, amount = '0', unit] = /^(\d+)([MG])i$/.exec(memory) ?? [];
  return Number(amount) / (unit === 'M' ? 1024 : 1);
}

/** Of the schedules that are used here; undefined for another. */
function timesAMonth(schedule: string): number | undefined {
  const [minute, ...rest] = schedule.split(' ');
  if (rest.join(' ') !== '* * * *') return undefined;
  if (minute === '*') return 43_200;
  if (/^\d+$/.test(minute ?? '')) return 720;
  const every = /^\*\/(\d+)$/.exec(minute ?? '')?.[1];
  return every === undefined ? undefined : Math.floor(43_200 / Number(every));
}
