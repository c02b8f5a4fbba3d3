import { meterDeployment, type Clock, type Records } from '@runvoy/core';
import { meterRateLimits } from '@runvoy/orchestrator';
import { meterFastLane } from '@runvoy/processor';
import { meterProcess, Metrics } from '@runvoy/runtime';
import { meterViewers } from '@runvoy/websocket';
import { watchRuns } from './run-meter.ts';

/** What the parts of the server tell of themselves. */
export interface ServerMetrics {
  readonly metrics: Metrics;
  readonly rateLimited: ReturnType<typeof meterRateLimits>;
  /** A batch was stored so many ms after its last line was written. */
  readonly batchStored: (lagMs: number) => void;
  /** The server listens. */
  readonly ready: () => void;
  close(): void;
}

/** The numbers of a standalone server. What is counted is counted as it happens; a scrape asks the store for one count and one record. */
export function serverMetrics(
  about: { readonly records: Records; readonly clock: Clock; readonly version: string },
  viewers: () => number,
  failed: (error: unknown) => void,
): ServerMetrics {
  const metrics = new Metrics();
  const { ready } = meterProcess(metrics, about.version);
  const close = watchRuns(metrics, about, failed);
  meterViewers(metrics, viewers);
  meterDeployment(metrics, about.records);
  return {
    metrics,
    rateLimited: meterRateLimits(metrics),
    batchStored: meterFastLane(metrics),
    ready,
    close,
  };
}
