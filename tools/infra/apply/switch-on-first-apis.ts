import { FIRST_APIS } from '../apis.ts';
import { gcloud, type InfraRun } from '../infra-run.ts';

/** One that is on stays on: nothing is asked first. */
export async function switchOnFirstApis(run: InfraRun): Promise<void> {
  await gcloud(run, ['services', 'enable', ...FIRST_APIS]);
}
