import type { DeploymentSettings } from '../deployment-settings.ts';
import type { GoogleRest } from '../google-rest.ts';
import type { Programs } from '../programs.ts';
import { failed, type Finding } from './finding.ts';
import { lookAtApis } from './look-at-apis.ts';
import { lookAtPermissions } from './look-at-permissions.ts';
import { lookAtPolicies } from './look-at-policies.ts';
import { lookAtProject } from './look-at-project.ts';
import { lookAtQuotas } from './look-at-quotas.ts';
import { lookAtTools } from './look-at-tools.ts';

/**
 * Looks at everything that a deployment needs and that may be missing, and changes nothing. Google is asked when somebody is signed in, and
 * of a project that can be read.
 */
export async function examine(
  settings: DeploymentSettings,
  programs: Programs,
  signedIn: () => Promise<GoogleRest>,
): Promise<readonly Finding[]> {
  const tools = await lookAtTools(programs);
  if (tools.some(({ about, outcome }) => about === 'sign-in' && outcome === 'failed')) return tools;
  const google = await signedIn();
  try {
    const project = await lookAtProject(google, settings.project);
    if (project.some(({ about, outcome }) => about === 'project' && outcome === 'failed'))
      return [...tools, ...project];
    const rest = await Promise.all([
      lookAtPermissions(google, settings),
      lookAtApis(google, settings),
      lookAtQuotas(google, settings),
      lookAtPolicies(google, settings),
    ]);
    return [...tools, ...project, ...rest.flat()];
  } catch (error) {
    const why = (error as Error).cause ?? error;
    const fix = 'Is there a way to googleapis.com from here? A proxy is named by HTTPS_PROXY and NODE_USE_ENV_PROXY=1.';
    // Nothing but the tools was looked at: whoever goes by the exit code must not go on.
    return [...tools, failed('Google', `did not answer: ${(why as Error).message}`, fix)];
  }
}

const MARKS = { ok: 'ok  ', failed: 'FAIL', unknown: '?   ' } as const;

/** One line for each finding, and one for each fix. */
export function findingLines(findings: readonly Finding[]): readonly string[] {
  return findings.flatMap((finding) => {
    const line = `${MARKS[finding.outcome]} ${finding.about}: ${finding.says}`;
    if (finding.outcome === 'ok') return [line];
    const byItself = finding.isRepairedByApply === true ? ' (runvoy infra apply does it)' : '';
    return [line, `       fix: ${finding.fix}${byItself}`];
  });
}
