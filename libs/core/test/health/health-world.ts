import type { HealthReport } from '@runvoy/protocol';
import { NO_COMPUTE, NO_IDENTITY, type HealthProbe } from '../../src/health/health-probe.ts';
import { reconcileHealth, type HealthDeps } from '../../src/health/reconcile-health.ts';
import type { JobRunner, PlatformListing } from '../../src/jobs/job-runner.ts';
import { nameOf } from '../fake-job-runner.ts';
import { RunWorld } from '../run-world.ts';

/** A probe that finds everything as it should be. */
export const content: HealthProbe = {
  compute: async () => ({ status: NO_COMPUTE, issues: [], unchecked: [] }),
  keys: async () => ({ status: { missing: [], tag_updated_count: 0 }, issues: [], unchecked: [] }),
  identity: async () => ({ status: { ...NO_IDENTITY, default_roles_verified: true }, issues: [], unchecked: [] }),
};

/** How the two platforms of the providers differ, as far as a reconcile sees it. */
export const PLATFORMS = ['local', 'gcp'] as const;
export type PlatformKind = (typeof PLATFORMS)[number];

/** A run's world with a platform's list that the test writes, and a reconcile over it. */
export class HealthWorld {
  readonly run: RunWorld;
  readonly kind: PlatformKind;
  /** What the platform lists, in pages of `pageSize`. */
  listed: PlatformListing[] = [];
  pageSize = 100;
  listFails: Error | undefined;
  readonly askedAfter: (string | undefined)[] = [];
  readonly noticed: string[] = [];

  private constructor(run: RunWorld, kind: PlatformKind) {
    this.run = run;
    this.kind = kind;
    // Locally an attempt is named before it is made, and has to be forgotten; Cloud Run names and forgets by itself.
    if (kind === 'local') run.jobs.nameOf = ({ attempt }) => nameOf(attempt);
    else run.jobs.forgetsByItself = true;
    run.jobs.list = (page) => this.#page(page);
  }

  static async open(kind: PlatformKind = 'gcp'): Promise<HealthWorld> {
    return new HealthWorld(await RunWorld.open(), kind);
  }

  reconcile(trigger: HealthReport['trigger'] = 'request', more: Partial<HealthDeps> = {}): Promise<HealthReport> {
    const { records, archive, clock, vault, random, signingKeys, upSinceMs, jobs, startTimeoutMs } = this.run;
    const deps = {
      records,
      archive,
      clock,
      vault,
      random,
      signingKeys,
      upSinceMs,
      jobs,
      startTimeoutMs,
      probe: content,
      ...more,
    };
    return reconcileHealth(deps, trigger, (_, about) => this.noticed.push(about));
  }

  /** The platform lists the attempt of a run so. */
  lists(execution_id: string, ended: boolean, attempt = 1): void {
    this.listed.push({ execution_id, attempt, platform_execution: nameOf(attempt), ended });
  }

  async #page({ after, limit }: Parameters<JobRunner['list']>[0]): ReturnType<JobRunner['list']> {
    this.askedAfter.push(after);
    if (this.listFails) throw this.listFails;
    const from = Number(after ?? 0);
    if (!Number.isInteger(from)) throw new Error(`the page token ${after} is not valid`);
    const to = from + Math.min(limit, this.pageSize);
    const executions = this.listed.slice(from, to);
    return to < this.listed.length ? { executions, next: String(to) } : { executions };
  }
}

/** What the report says is wrong, in short. */
export function toldBy({ issues }: HealthReport): readonly string[] {
  return issues.map(({ severity, resource_type, resource_id }) => `${severity} ${resource_type} ${resource_id}`);
}
