import type { GoogleAuth } from 'google-auth-library';
import type { GcpConfig } from './config.ts';

/** Where a deployment's spans and numbers go: OTLP at Google's Telemetry API, as the account that the service runs as. */
export interface TelemetryReceiver {
  readonly endpoint: string;
  readonly headers: () => Promise<Record<string, string>>;
  readonly resourceAttributes: Readonly<Record<string, string>>;
}

const ENDPOINT = 'https://telemetry.googleapis.com';
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/**
 * Google's own receiver (https://docs.cloud.google.com/stackdriver/docs/otlp/overview), which keeps traces in Cloud Trace and numbers
 * in Cloud Monitoring; none unless `RUNVOY_GCP_OBSERVABILITY_ENABLED` asks for it. A token is fetched with the first batch and renewed
 * before it ends; a batch for which there is none is sent without and refused.
 */
export function telemetryReceiver(
  config: Pick<GcpConfig, 'observabilityEnabled' | 'project' | 'region' | 'environment'>,
  openAuth: () => Promise<Pick<GoogleAuth, 'getAccessToken'>> = openGoogleAuth,
): TelemetryReceiver | undefined {
  if (!config.observabilityEnabled) return undefined;
  let auth: ReturnType<typeof openAuth> | undefined;
  return {
    endpoint: ENDPOINT,
    headers: async () => ({ Authorization: `Bearer ${await (await (auth ??= openAuth())).getAccessToken()}` }),
    resourceAttributes: {
      // Which project a span is kept in.
      'gcp.project_id': config.project,
      'cloud.provider': 'gcp',
      'cloud.platform': 'gcp_cloud_run',
      'cloud.region': config.region,
      'deployment.environment.name': config.environment,
    },
  };
}

async function openGoogleAuth(): Promise<GoogleAuth> {
  const { GoogleAuth: Auth } = await import('google-auth-library');
  return new Auth({ scopes: [SCOPE] });
}
