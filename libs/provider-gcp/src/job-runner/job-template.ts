import type { JobProfile } from './job-profile.ts';
import { SIDECAR } from './read-resources.ts';

/** Label of every Job and execution of ours; the sweep lists by it. */
export const MANAGED_BY = { 'managed-by': 'runvoy' };

/** From the task's start to the command's: the sidecar's start, its bootstrap and the clone. */
export const START_ALLOWANCE_S = 600;
/** What the runner may take to tell the last, beyond its grace. */
const LAST_WORDS_S = 60;

const VOLUME = 'runvoy';
const MOUNT = { name: VOLUME, mountPath: '/runvoy' };
const PROBE_PORT = 8089;
/** The supervisor itself. */
const SIDECAR_MIB = 512;
/** Workspace, tools and pipes; it counts as memory of the containers that mount it. */
const VOLUME_MIB = 512;

/** How long a task may take before Cloud Run ends it: longer than the run's own end by whatever may come before and after. */
export function taskTimeoutS({
  timeout_s,
  grace_ms,
}: {
  readonly timeout_s: number;
  readonly grace_ms: number;
}): number {
  return START_ALLOWANCE_S + timeout_s + Math.ceil(grace_ms / 1000) + LAST_WORDS_S;
}

/**
 * The Job of a profile. Cloud Run's own values for retries (3) and timeout (10 min) are both wrong for a run, so both are given.
 * The runner's command is fixed, because RunJob cannot override it: a shell and an entry script that the sidecar puts on the
 * shared volume before it opens the port that the runner waits for.
 */
export function jobOf(profile: JobProfile) {
  return {
    labels: MANAGED_BY,
    template: {
      labels: MANAGED_BY,
      taskCount: 1,
      parallelism: 1,
      template: {
        maxRetries: 0,
        timeout: { seconds: START_ALLOWANCE_S },
        serviceAccount: profile.serviceAccount,
        executionEnvironment: 'EXECUTION_ENVIRONMENT_GEN2' as const,
        volumes: [{ name: VOLUME, emptyDir: { medium: 'MEMORY' as const, sizeLimit: `${VOLUME_MIB}Mi` } }],
        containers: [sidecar(profile), runner(profile)],
        ...vpcAccess(profile),
      },
    },
  };
}

function sidecar({ sidecarImage, intakeUrl }: JobProfile) {
  return {
    name: SIDECAR,
    image: sidecarImage,
    env: [{ name: 'RUNVOY_INTAKE_URL', value: intakeUrl }],
    resources: { limits: { cpu: '1', memory: `${SIDECAR_MIB + VOLUME_MIB}Mi` } },
    volumeMounts: [MOUNT],
    // The port opens when the workspace is ready, a clone included. A short period, because the runner waits for a probe that fits.
    startupProbe: {
      tcpSocket: { port: PROBE_PORT },
      periodSeconds: 1,
      timeoutSeconds: 1,
      failureThreshold: START_ALLOWANCE_S,
    },
  };
}

function runner({ image, cpu, memoryMib }: JobProfile) {
  return {
    name: 'runner',
    image,
    command: ['/runvoy/bin/sh'],
    args: ['/runvoy/entry.sh'],
    dependsOn: [SIDECAR],
    resources: { limits: { cpu: String(cpu), memory: `${memoryMib}Mi` } },
    volumeMounts: [MOUNT],
  };
}

function vpcAccess({ vpcConnector, vpcEgress }: JobProfile) {
  if (vpcConnector === undefined) return {};
  const egress = vpcEgress === 'private-ranges-only' ? ('PRIVATE_RANGES_ONLY' as const) : ('ALL_TRAFFIC' as const);
  return { vpcAccess: { connector: vpcConnector, egress } };
}
