import type { Metrics } from '@runvoy/runtime';

const LAGS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];

/** Declares how far the fast lane is behind; what it returns is told of each batch, in ms. */
export function meterFastLane(metrics: Metrics): (lagMs: number) => void {
  const lag = metrics.histogram(
    'runvoy_log_lag_seconds',
    'From the last line of a batch to its being stored, by the fast lane.',
    LAGS_S,
  );
  // The runner's clock may be ahead of ours.
  return (lagMs) => lag.observe(Math.max(0, lagMs) / 1000);
}
