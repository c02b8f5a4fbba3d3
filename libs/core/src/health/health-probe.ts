import type { ComputeStatus, HealthIssue, IdentityStatus, Unchecked } from '@runvoy/protocol';
import type { RunWithoutCommand } from '../executions/unfinished.ts';
import type { Image } from '../images/image.ts';
import type { Secret } from '../secrets/secret.ts';

/** What one part of the platform is like. */
export interface Findings<Status> {
  readonly status: Status;
  readonly issues: readonly HealthIssue[];
  /** What this account, or this platform, cannot tell. */
  readonly unchecked: readonly Unchecked[];
}

/** What the records say, to be compared with the platform. */
export interface KnownThings {
  readonly images: readonly Image[];
  readonly secrets: readonly Secret[];
  /** Every run that has not ended: what it uses is never taken away. */
  readonly unfinished: readonly RunWithoutCommand[];
}

/** Which of the keys that were asked for are there. */
export interface KeysStatus {
  readonly missing: readonly string[];
  readonly tag_updated_count: number;
}

/**
 * Compares what the platform has with what it should have, and repairs what is provably ours and harmless. Permissions and accounts
 * are reported and never changed. Each method is idempotent, also when two of them run at once, and rejects when the platform does
 * not answer: nothing is concluded then. What a permission is missing for is told in `unchecked`.
 */
export interface HealthProbe {
  /** What runs are started from. */
  compute(known: KnownThings): Promise<Findings<ComputeStatus>>;
  /** The keys that these ids name, and the place where all keys are. No key leaves this call. */
  keys(ids: readonly string[]): Promise<Findings<KeysStatus>>;
  /** Whom runs run as. */
  identity(): Promise<Findings<IdentityStatus>>;
}

export const NO_COMPUTE: ComputeStatus = {
  total_resources: 0,
  verified_count: 0,
  recreated_count: 0,
  tag_updated_count: 0,
  orphaned_count: 0,
  orphaned_resources: [],
};

export const NO_IDENTITY: IdentityStatus = {
  default_roles_verified: false,
  custom_roles_verified: 0,
  custom_roles_total: 0,
  missing_roles: [],
};
