import { refusalText, type GoogleRest } from '../google-rest.ts';
import { failed, ok, unknown, type Finding } from './finding.ts';

/** Whether the project is there and active, and whether somebody pays for it. */
export async function lookAtProject(google: GoogleRest, project: string): Promise<readonly Finding[]> {
  const answer = await google.ask('cloudresourcemanager.googleapis.com', `v3/projects/${project}`);
  if (answer.status !== 200) {
    // Google says 403 of a project that there is not, too.
    const says = `cannot be read: ${refusalText(answer)}`;
    return [
      failed('project', says, `Is the id right? gcloud projects list. Make it: gcloud projects create ${project}`),
    ];
  }
  const { state } = answer.body;
  if (state !== 'ACTIVE') {
    return [failed('project', `is ${String(state)}`, `Bring it back: gcloud projects undelete ${project}`)];
  }
  return [ok('project', `${project} is active`), await lookAtBilling(google, project)];
}

async function lookAtBilling(google: GoogleRest, project: string): Promise<Finding> {
  const answer = await google.ask('cloudbilling.googleapis.com', `v1/projects/${project}/billingInfo`);
  if (answer.status !== 200) {
    const fix = `Look by hand: gcloud billing projects describe ${project}`;
    return unknown('billing', `could not be read: ${refusalText(answer)}`, fix);
  }
  return answer.body['billingEnabled'] === true
    ? ok('billing', 'is on')
    : failed(
        'billing',
        'is off: Cloud Run and Firestore refuse a project that nobody pays for',
        `gcloud billing projects link ${project} --billing-account ACCOUNT_ID (gcloud billing accounts list names yours)`,
      );
}
