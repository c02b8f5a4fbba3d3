import type { Metrics } from '@runvoy/runtime';

/** Declares the number of open live views. */
export function meterViewers(metrics: Metrics, viewers: () => number): void {
  metrics.gauge('runvoy_viewers', 'Open live views.', () => [{ value: viewers() }]);
}
