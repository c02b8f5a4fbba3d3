import { dataPolicies } from './policy/data-policies.ts';
import { grantPolicies } from './policy/grant-policies.ts';
import { messagePolicies } from './policy/message-policies.ts';
import { servicePolicies } from './policy/service-policies.ts';
import type { PlannedResource } from './terraform-workspace.ts';

/** What a plan may not do, one line for each time it does. */
export function policyProblems(resources: readonly PlannedResource[]): readonly string[] {
  const rules = [...grantPolicies, ...servicePolicies, ...dataPolicies, ...messagePolicies];
  return rules.flatMap((rule) => rule(resources));
}
