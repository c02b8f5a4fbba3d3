import { join } from 'node:path';
import { IMAGES, repositoryOf } from '../deployment-settings.ts';
import { gcloud, gcloudEnded, linesIn, type InfraRun } from '../infra-run.ts';
import { makeBucket } from './make-state-bucket.ts';

export const BUILDER = 'runvoy-build';

/** Who builds: an account that may read the sources, write images, and say how it went. Google's own for builds may be editor. */
export const builderEmail = ({ settings: { project } }: InfraRun): string =>
  `${BUILDER}@${project.replace(/^(.*):(.*)$/, '$2.$1')}.iam.gserviceaccount.com`;

/** Where the sources go on their way to a build. */
export const sourceBucket = ({ settings: { project } }: InfraRun): string =>
  `${project.replace(/^.*:/, '')}-runvoy-build`;

/** Builds the images of this checkout, unless all of this version are there, or somebody has published them elsewhere. */
export async function buildImages(run: InfraRun): Promise<void> {
  if (run.settings.images !== undefined || (await missingImages(run)).length === 0) return;
  const { region, version } = run.settings;
  await makeBuilder(run);
  const build = ['--config', join(run.checkout, 'cloudbuild-images.yaml')];
  const substitutions = ['--substitutions', `_RELEASE=${version},_REGION=${region}`];
  const as = ['--service-account', `projects/${run.settings.project}/serviceAccounts/${builderEmail(run)}`];
  const source = ['--gcs-source-staging-dir', `gs://${sourceBucket(run)}/source`];
  await gcloud(run, ['builds', 'submit', run.checkout, ...build, ...substitutions, ...as, ...source], {
    isShown: true,
  });
}

/** A tag once pushed cannot be pushed again: what is there is what this version is. */
async function missingImages(run: InfraRun): Promise<readonly string[]> {
  const repository = repositoryOf(run.settings);
  const format = ['--include-tags', '--format', 'json'];
  const listed = JSON.parse(
    await gcloud(run, ['artifacts', 'docker', 'images', 'list', repository, ...format]),
  ) as readonly {
    readonly package: string;
    readonly tags?: string | readonly string[];
  }[];
  const isThere = (image: string) =>
    listed.some(({ package: name, tags = [] }) => {
      const all = typeof tags === 'string' ? tags.split(/,\s*/) : tags;
      return name === `${repository}/${image}` && all.includes(run.settings.version);
    });
  return IMAGES.filter((image) => !isThere(image));
}

async function makeBuilder(run: InfraRun): Promise<void> {
  const { project, region } = run.settings;
  const email = builderEmail(run);
  const filter = ['--filter', `email=${email}`, '--format', 'value(email)'];
  const [there] = linesIn(await gcloud(run, ['iam', 'service-accounts', 'list', ...filter]));
  if (there === undefined) {
    await gcloud(run, ['iam', 'service-accounts', 'create', BUILDER, '--display-name', 'runvoy: builds its images']);
  }
  await makeBucket(run, sourceBucket(run), region);
  const to = (role: string) => ['--member', `serviceAccount:${email}`, '--role', role];
  const bucket = `gs://${sourceBucket(run)}`;
  const repository = ['artifacts', 'repositories', 'add-iam-policy-binding', 'runvoy', '--location', region];
  await grant(run, ['storage', 'buckets', 'add-iam-policy-binding', bucket, ...to('roles/storage.objectViewer')]);
  await grant(run, [...repository, ...to('roles/artifactregistry.writer')]);
  const onProject = ['projects', 'add-iam-policy-binding', project, ...to('roles/logging.logWriter')];
  await grant(run, [...onProject, '--condition', 'None']);
}

const TRIES = 6;
const PAUSE_MS = 10_000;

/** An account that was just made is unknown for a while to who grants. */
async function grant(run: InfraRun, args: readonly string[]): Promise<void> {
  for (let attempt = 1; attempt < TRIES; attempt += 1) {
    const { status, stderr } = await gcloudEnded(run, args);
    if (status === 0) return;
    if (!/does not exist/i.test(stderr)) break;
    await run.sleep(PAUSE_MS);
  }
  await gcloud(run, args);
}
