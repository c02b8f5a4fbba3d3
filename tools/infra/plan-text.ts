import { blocksIn, ofType, textOf } from '../terraform/policy/planned.ts';
import type { PlannedResource } from '../terraform/terraform-workspace.ts';

type Plan = readonly PlannedResource[];

/** What a plan would make, who could reach it, and what of it costs while nobody uses it: for somebody who decides, not for a machine. */
export function planText(plan: Plan): string {
  const lines = (title: string, rows: readonly string[]) =>
    rows.length === 0 ? [] : ['', title, ...rows.map((row) => `  ${row}`)];
  return [
    `${plan.length} resources would be made.`,
    ...lines('In which part', parts(plan)),
    ...lines('Everybody can reach', everybodyReaches(plan)),
    ...lines('Costs while nobody uses it (docs/operations/cost.md)', costsAtRest(plan)),
    ...lines('Cannot be deleted before deletion_protection is off', protectedThings(plan)),
    '',
  ].join('\n');
}

/** How many of which type each module makes. */
function parts(plan: Plan): string[] {
  const modules = Map.groupBy(plan, ({ address }) => /.*module\.([\w-]+)/.exec(address)?.[1] ?? 'root');
  return [...modules]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, own]) => {
      const types = Map.groupBy(own, ({ type }) => type.replace('google_', ''));
      const counted = [...types].map(([type, some]) => `${some.length} ${type}`);
      return `${name}: ${counted.join(', ')}`;
    });
}

function everybodyReaches(plan: Plan): string[] {
  const granted = ofType(plan, 'google_cloud_run_v2_service_iam_member')
    .filter(({ after }) => after['member'] === 'allUsers')
    .map(({ after }) => textOf(after['name']));
  const unchecked = ofType(plan, 'google_cloud_run_v2_service')
    .filter(({ after }) => after['invoker_iam_disabled'] === true)
    .map(({ after }) => textOf(after['name']));
  return [...granted, ...unchecked].map((name) => `${name}: it checks by itself who calls`);
}

function costsAtRest(plan: Plan): string[] {
  const instances = ofType(plan, 'google_cloud_run_v2_service').flatMap(({ after }) => {
    const [{ min_instance_count: min = 0 } = {}] = blocksIn(blocksIn(after, 'template')[0] ?? {}, 'scaling');
    return Number(min) > 0 ? [`${textOf(after['name'])}: ${textOf(min)} instance always there`] : [];
  });
  const jobs = ofType(plan, 'google_cloud_scheduler_job').map(
    ({ after }) => `${textOf(after['name'])}: ${textOf(after['schedule'])}`,
  );
  const connectors = ofType(plan, 'google_vpc_access_connector').map(
    ({ after }) => `connector: ${textOf(after['min_instances'])} ${textOf(after['machine_type'])} always there`,
  );
  const keys = ofType(plan, 'google_kms_crypto_key').map(({ after }) => `key ${textOf(after['name'])}`);
  const rules = ofType(plan, 'google_compute_global_forwarding_rule').map(() => 'load balancer: one forwarding rule');
  return [...instances, ...jobs, ...connectors, ...keys, ...rules];
}

function protectedThings(plan: Plan): string[] {
  return plan.flatMap(({ type, after }) => {
    const isProtected =
      after['deletion_protection'] === true || after['delete_protection_state'] === 'DELETE_PROTECTION_ENABLED';
    const name = textOf(after['name']) || textOf(after['secret_id']);
    return isProtected ? [`${type.replace('google_', '')} ${name}`] : [];
  });
}
