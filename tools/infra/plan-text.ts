import { ofType, textOf } from '../terraform/policy/planned.ts';
import type { PlannedResource } from '../terraform/terraform-workspace.ts';
import { APPLY_STEPS } from './apply-steps.ts';
import type { DeploymentSettings } from './deployment-settings.ts';
import { idleCost } from './idle-cost.ts';
import { PRICES_FROM } from './prices.ts';

type Plan = readonly PlannedResource[];

/** What a plan would make, who could reach it, and what of it costs while nobody uses it: for somebody who decides, not for a machine. */
export function planText(plan: Plan, settings: DeploymentSettings): string {
  const lines = (title: string, rows: readonly string[]) =>
    rows.length === 0 ? [] : ['', title, ...rows.map((row) => `  ${row}`)];
  return [
    `In ${settings.project}, ${settings.region}, ${plan.length} resources would be made; Google was not asked.`,
    ...lines(
      'What runvoy infra apply does, in this order; what is there already it leaves as it is',
      APPLY_STEPS.map((step, at) => `${at + 1}. ${step.says(settings)}`),
    ),
    ...lines('In which part', parts(plan)),
    ...lines('Everybody can reach', everybodyReaches(plan)),
    ...lines('Costs while nobody uses it, in 30 days (docs/operations/cost.md)', costRows(plan)),
    ...lines('Cannot be deleted before deletion_protection is off', protectedThings(plan)),
    '',
  ].join('\n');
}

/** The same for a program. */
export function planJson(plan: Plan, settings: DeploymentSettings): object {
  const rows = idleCost(plan);
  return {
    settings,
    resources: plan.map(({ address, type }) => ({ address, type })),
    steps: APPLY_STEPS.map(({ name, says }) => ({ name, what: says(settings) })),
    idle_cost: { rows, usd_a_month: sumOf(rows), prices_from: PRICES_FROM },
    public: everybodyReaches(plan),
    protected: protectedThings(plan),
  };
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

function costRows(plan: Plan): string[] {
  const rows = idleCost(plan);
  const amount = (usd: number | undefined) => (usd === undefined ? 'not counted' : `${usd.toFixed(2)} USD`);
  return [
    ...rows.map(({ what, usd }) => `${amount(usd).padStart(11)}  ${what}`),
    `${amount(sumOf(rows)).padStart(11)}  together, at list prices of ${PRICES_FROM} without free quotas: check them`,
  ];
}

const sumOf = (rows: ReturnType<typeof idleCost>): number =>
  Math.round(rows.reduce((sum, { usd = 0 }) => sum + usd, 0) * 100) / 100;

function protectedThings(plan: Plan): string[] {
  return plan.flatMap(({ type, after }) => {
    const isProtected =
      after['deletion_protection'] === true || after['delete_protection_state'] === 'DELETE_PROTECTION_ENABLED';
    const name = textOf(after['name']) || textOf(after['secret_id']);
    return isProtected ? [`${type.replace('google_', '')} ${name}`] : [];
  });
}
