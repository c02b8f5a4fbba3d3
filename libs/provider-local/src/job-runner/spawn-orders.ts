import type { StartOrder } from '@runvoy/core';
import type { ContainerEngine } from './container-engine.ts';

/** What a supervisor is told on its standard input, as `jobs/sandbox-runner` reads it. */
export interface SupervisorOrder extends Pick<
  StartOrder,
  'execution_id' | 'attempt' | 'token' | 'isolation' | 'image' | 'cpu' | 'memory_mib' | 'network'
> {
  readonly engine?: ContainerEngine;
  readonly intake_socket: string;
  readonly run_dir: string;
  readonly host_env: Readonly<Record<string, string>>;
}

/** One line to the spawner. */
export interface SpawnRequest {
  readonly key: string;
  readonly order: SupervisorOrder;
}

/** One line from the spawner. */
export type SpawnReport =
  | { readonly event: 'spawned'; readonly key: string; readonly pid: number }
  | { readonly event: 'exited'; readonly key: string; readonly code: number | null; readonly signal: string | null }
  | { readonly event: 'failed'; readonly key: string; readonly why: string };
