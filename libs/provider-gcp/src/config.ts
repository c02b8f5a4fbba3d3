import { readConfig, type Env } from '@runvoy/runtime/read-config';
import { relationProblems } from './config/relations.ts';
import { GCP_VARIABLES, type GcpVariables } from './config/variables.ts';

/** How one deployment on Google Cloud is set up. Every service gets the same. */
export interface GcpConfig extends Omit<GcpVariables, 'jobDefaultRegion' | 'archiveBucket'> {
  readonly jobDefaultRegion: string;
  readonly archiveBucket: string;
}

/** Reads the environment once, at the edge. Throws `ConfigProblems` naming every wrong variable. */
export function readGcpConfig(env: Env): GcpConfig {
  const read = readConfig(env, GCP_VARIABLES, relationProblems);
  return {
    ...read,
    jobDefaultRegion: read.jobDefaultRegion ?? read.region,
    jobServiceAccounts: read.jobServiceAccounts.length > 0 ? read.jobServiceAccounts : [read.jobDefaultServiceAccount],
    // A bucket's name holds no colon, and is one for the whole world.
    archiveBucket: read.archiveBucket ?? `${read.project.replace(/^.*:/, '')}-runvoy-archive`,
  };
}
