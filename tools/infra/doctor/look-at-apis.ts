import { apisOf } from '../apis.ts';
import type { DeploymentSettings } from '../deployment-settings.ts';
import { refusalText, type GoogleRest } from '../google-rest.ts';
import { ok, unknown, type Finding } from './finding.ts';

interface Service {
  readonly name: string;
  readonly state?: string;
}

/** Whether the APIs that are used are on. `apply` switches them on; afterwards one that is off is a fault. */
export async function lookAtApis(google: GoogleRest, settings: DeploymentSettings): Promise<readonly Finding[]> {
  const { project } = settings;
  const apis = apisOf(settings);
  const names = apis.map((api) => `names=projects/${project}/services/${api}`).join('&');
  const answer = await google.ask('serviceusage.googleapis.com', `v1/projects/${project}/services:batchGet?${names}`);
  if (answer.status !== 200) {
    const fix = `Look by hand: gcloud services list --enabled --project ${project}`;
    return [unknown('APIs', `could not be read: ${refusalText(answer)}`, fix)];
  }
  const on = ((answer.body['services'] ?? []) as readonly Service[])
    .filter(({ state }) => state === 'ENABLED')
    .map(({ name }) => name.split('/').at(-1)!);
  const off = apis.filter((api) => !on.includes(api));
  if (off.length === 0) return [ok('APIs', `${apis.length} of ${apis.length} are on`)];
  return off.map((api) => ({
    about: 'APIs',
    outcome: 'failed',
    says: `${api} is off`,
    fix: `gcloud services enable ${api} --project ${project}`,
    isRepairedByApply: true,
  }));
}
