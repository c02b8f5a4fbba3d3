import { createHash } from 'node:crypto';
import type { StartOrder } from '@runvoy/core';
import type { StartReason } from '@runvoy/protocol';
import type { CloudRunSettings } from './settings.ts';

/** Everything a Job fixes: RunJob can override none of it, so each combination has a Job of its own. */
export interface JobProfile {
  readonly region: string;
  readonly image: string;
  /** Whole vCPUs of the runner. */
  readonly cpu: number;
  readonly memoryMib: number;
  readonly serviceAccount: string;
  readonly sidecarImage: string;
  readonly intakeUrl: string;
  readonly vpcConnector?: string;
  readonly vpcEgress?: 'all-traffic' | 'private-ranges-only';
  /** Raised when `job-template.ts` changes: a Job that exists is never changed, a new one takes its place. */
  readonly template: number;
}

/** The order cannot be a Job of Cloud Run. */
export class ProfileProblem extends Error {
  readonly reason: StartReason;

  constructor(reason: StartReason, details: string) {
    super(details);
    this.reason = reason;
  }
}

const TEMPLATE = 1;
/** https://cloud.google.com/run/docs/configuring/jobs/cpu */
const CPUS = [1, 2, 4, 6, 8];
const MIB_AT_LEAST: Readonly<Record<number, number>> = { 1: 512, 2: 512, 4: 2_048, 6: 4_096, 8: 4_096 };
const MIB_AT_MOST = 32_768;

/** What the order's Job is. Rounds a size up to the next that Cloud Run has; throws `ProfileProblem` beyond the largest. */
export function profileOf(order: StartOrder, settings: CloudRunSettings): JobProfile {
  const serviceAccount = order.service_account || settings.defaultServiceAccount;
  if (!settings.serviceAccounts.includes(serviceAccount)) {
    throw new ProfileProblem(
      'service_account',
      `Jobs may not run as ${serviceAccount}; RUNVOY_GCP_JOB_SERVICE_ACCOUNTS lists who they may run as.`,
    );
  }
  const cpu = CPUS.find((count) => count * 1024 >= order.cpu);
  const memoryMib = Math.max(order.memory_mib, MIB_AT_LEAST[cpu ?? 0] ?? 0);
  if (cpu === undefined || memoryMib > MIB_AT_MOST) {
    throw new ProfileProblem(
      'image_size',
      `Cloud Run has at most 8 vCPU and ${MIB_AT_MOST} MiB; the image asks for ${order.cpu / 1024} vCPU and ${order.memory_mib} MiB.`,
    );
  }
  const { region, sidecarImage, intakeUrl, vpcConnector, vpcEgress } = settings;
  return {
    region,
    image: order.image,
    cpu,
    memoryMib,
    serviceAccount,
    sidecarImage,
    intakeUrl,
    ...(vpcConnector === undefined ? {} : { vpcConnector, vpcEgress: vpcEgress ?? 'all-traffic' }),
    template: TEMPLATE,
  };
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** `rv-` and 20 characters of the profile's hash: short enough for Cloud Run to put `-` and five characters behind. */
export function jobIdOf(profile: JobProfile): string {
  const fields = Object.entries(profile).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash('sha256').update(JSON.stringify(fields)).digest();
  return `rv-${Array.from(hash.subarray(0, 20), (byte) => BASE32[byte % 32]).join('')}`;
}
