import type { AttemptOrder } from '../order.ts';

/** What a sidecar is told, and where things are around it. */
export interface SidecarOrder extends AttemptOrder {
  /** The short name of the Cloud Run execution. */
  readonly platform_execution: string;
  /** URL of the runner's intake, which also is the audience of our ID token. */
  readonly intake_url: string;
  readonly metadata_host: string;
  readonly volume: string;
  readonly static_shell: string;
  readonly probe_host: string;
  readonly probe_port: number;
  readonly tool_path: string;
}

type Env = Record<string, string | undefined>;

const NEEDED = ['RUNVOY_EXECUTION_ID', 'RUNVOY_ATTEMPT', 'RUNVOY_BOOTSTRAP_TOKEN', 'RUNVOY_INTAKE_URL'] as const;

/** Reads the order and takes the secret out of `env`, so that nothing we start inherits it. Throws, naming all that is wrong. */
export function takeSidecarOrder(env: Env): SidecarOrder {
  const wrong: string[] = NEEDED.filter((name) => !env[name]).map((name) => `${name} is not set`);
  const intake = env['RUNVOY_INTAKE_URL'] ?? '';
  if (intake !== '' && !/^https?:$/.test(URL.canParse(intake) ? new URL(intake).protocol : ''))
    wrong.push(`RUNVOY_INTAKE_URL must be an http or https URL; got "${intake}"`);
  const attempt = wholeNumber(env, 'RUNVOY_ATTEMPT', 1, wrong);
  const port = wholeNumber(env, 'RUNVOY_PROBE_PORT', 8089, wrong);
  const token = env['RUNVOY_BOOTSTRAP_TOKEN'] ?? '';
  delete env['RUNVOY_BOOTSTRAP_TOKEN'];
  if (wrong.length > 0) throw new Error(wrong.join('; '));
  return {
    execution_id: env['RUNVOY_EXECUTION_ID']!,
    attempt,
    token,
    isolation: 'cloud-run',
    platform_execution: env['CLOUD_RUN_EXECUTION'] ?? '',
    intake_url: intake,
    metadata_host: env['GCE_METADATA_HOST'] || 'metadata.google.internal',
    volume: env['RUNVOY_VOLUME'] || '/runvoy',
    static_shell: env['RUNVOY_STATIC_SHELL'] || '/usr/local/lib/runvoy/busybox',
    probe_host: env['RUNVOY_PROBE_HOST'] || '0.0.0.0',
    probe_port: port,
    tool_path: env['PATH'] || '/usr/local/bin:/usr/bin:/bin',
  };
}

function wholeNumber(env: Env, name: string, fallback: number, wrong: string[]): number {
  const text = env[name] || String(fallback);
  if (!/^\d{1,5}$/.test(text)) wrong.push(`${name} must be a whole number; got "${text}"`);
  return Number(text);
}
