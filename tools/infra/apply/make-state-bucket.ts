import { gcloud, linesIn, type InfraRun } from '../infra-run.ts';

/** The bucket of Terraform's state. One that is there gets its versions all the same: an apply may have ended between the two. */
export async function makeStateBucket(run: InfraRun): Promise<void> {
  const { stateBucket, region } = run.settings;
  await makeBucket(run, stateBucket, region);
  await gcloud(run, ['storage', 'buckets', 'update', `gs://${stateBucket}`, '--versioning']);
}

/** Makes a private bucket unless the project has it. Names of buckets are the world's: one of another project's is refused by Google. */
export async function makeBucket(run: InfraRun, name: string, location: string): Promise<void> {
  const filter = ['--filter', `name=${name}`, '--format', 'value(name)'];
  const [there] = linesIn(await gcloud(run, ['storage', 'buckets', 'list', ...filter]));
  if (there !== undefined) return;
  const closed = ['--uniform-bucket-level-access', '--public-access-prevention'];
  await gcloud(run, ['storage', 'buckets', 'create', `gs://${name}`, '--location', location, ...closed]);
}
