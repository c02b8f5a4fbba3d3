import type { DeploymentSettings } from './deployment-settings.ts';
import type { InfraRun } from './infra-run.ts';
import { addSigningKey } from './apply/add-signing-key.ts';
import { buildImages } from './apply/build-images.ts';
import { letAdminIn } from './apply/let-admin-in.ts';
import { makeAgents } from './apply/make-agents.ts';
import { applyEverything, makeRepository, openTerraform } from './apply/make-resources.ts';
import { makeStateBucket } from './apply/make-state-bucket.ts';
import { releaseImages } from './apply/release-images.ts';
import { switchOnFirstApis } from './apply/switch-on-first-apis.ts';
import { tryDeployment } from './apply/try-deployment.ts';
import { FIRST_APIS } from './apis.ts';
import { IMAGES, repositoryOf } from './deployment-settings.ts';

/** One part of `apply`. Each first looks at what is there, so that an apply that was interrupted, or is repeated, goes on. */
export interface ApplyStep {
  readonly name: string;
  /** What it does, for `plan`. */
  readonly says: (settings: DeploymentSettings) => string;
  readonly run: (run: InfraRun) => Promise<void>;
}

/** What `apply` does behind `doctor`, in this order. */
export const APPLY_STEPS: readonly ApplyStep[] = [
  {
    name: 'first APIs',
    says: () => `switches on ${FIRST_APIS.map((api) => api.split('.')[0]).join(', ')}`,
    run: switchOnFirstApis,
  },
  {
    name: 'state bucket',
    says: ({ stateBucket }) =>
      `makes the bucket gs://${stateBucket} for the state of Terraform, private, with versions`,
    run: makeStateBucket,
  },
  {
    name: 'agents',
    says: () => `with kms_stores: makes Google's own agents, who are granted the keys`,
    run: makeAgents,
  },
  { name: 'terraform', says: () => `keeps what it was told beside the state, and terraform init`, run: openTerraform },
  { name: 'repository', says: () => `terraform apply of the APIs and the repository of images`, run: makeRepository },
  {
    name: 'images',
    says: (settings) =>
      settings.images === undefined
        ? `builds ${IMAGES.join(', ')} with Cloud Build as runvoy-build, in version ${settings.version}`
        : `builds nothing: the images are in ${repositoryOf(settings)}, in version ${settings.version}`,
    run: buildImages,
  },
  {
    name: 'signing key',
    says: () => 'terraform apply of its secret, and adds a key that no file and no state holds',
    run: addSigningKey,
  },
  { name: 'everything', says: () => 'terraform apply of everything', run: applyEverything },
  {
    name: 'first admin',
    says: ({ admin }) => `lets ${admin} in with a token that works once, and keeps the key in the profile`,
    run: letAdminIn,
  },
  {
    name: 'release',
    says: ({ version }) =>
      `of services that run another version: deploys ${version} without traffic, tries it, shifts the traffic`,
    run: releaseImages,
  },
  {
    name: 'smoke test',
    says: () => 'a real run: submitted, followed, its exit code and its log proven',
    run: tryDeployment,
  },
];
