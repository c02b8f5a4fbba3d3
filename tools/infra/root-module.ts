import { rootValues, type DeploymentSettings } from './deployment-settings.ts';

/**
 * `main.tf.json` of one deployment: the module of the checkout with its values, its state in the bucket, and the provider. The state's place
 * and every address in it are those of `infra/terraform/examples`, so that what was deployed by hand goes on with this, and the other
 * way round. `sidecar` is one to keep, until its release.
 */
export function rootModule(settings: DeploymentSettings, source: string, sidecar?: string): string {
  const { project, region, stateBucket } = settings;
  const values = rootValues(settings);
  const images = { ...(values['images'] as object), ...(sidecar === undefined ? {} : { sidecar }) };
  const module = { source, ...literal({ ...values, images }) };
  return `${JSON.stringify(
    {
      terraform: {
        required_version: '>= 1.9',
        required_providers: { google: { source: 'hashicorp/google', version: '>= 8.0, < 9.0' } },
        backend: { gcs: { bucket: stateBucket, prefix: 'runvoy' } },
      },
      provider: { google: { project, region, user_project_override: true, billing_project: project } },
      module: { runvoy: module },
      output: Object.fromEntries(
        ['api_url', 'service_urls', 'load_balancer_address'].map((name) => [
          name,
          { value: `\${module.runvoy.${name}}` },
        ]),
      ),
    },
    null,
    2,
  )}\n`;
}

/** Terraform reads texts of its JSON as templates: what is a value must not be an expression. */
function literal<T>(value: T): T {
  return JSON.parse(JSON.stringify(value).replaceAll(/([$%])\{/g, '$1$1{')) as T;
}
