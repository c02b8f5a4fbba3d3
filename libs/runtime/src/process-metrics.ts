import type { Metrics } from './metrics.ts';

/** The numbers of the process itself: its version, when and how fast it began, what it uses. */
export function meterProcess(metrics: Metrics, version: string): { readonly ready: () => void } {
  const startedS = Math.round(Date.now() - process.uptime() * 1000) / 1000;
  let readyAfterS: number | undefined;
  metrics.gauge('runvoy_info', 'The version that runs.', () => [{ labels: { version }, value: 1 }]);
  metrics.gauge('runvoy_cold_start_seconds', 'From the start of the process to its listening.', () =>
    readyAfterS === undefined ? [] : [{ value: readyAfterS }],
  );
  metrics.gauge('process_start_time_seconds', 'When the process began.', () => [{ value: startedS }]);
  metrics.gauge('process_resident_memory_bytes', 'Memory of the process.', () => [
    { value: process.memoryUsage.rss() },
  ]);
  metrics.total('process_cpu_seconds_total', 'CPU time of the process.', () => {
    const { user, system } = process.cpuUsage();
    return [{ value: (user + system) / 1e6 }];
  });
  return { ready: () => void (readyAfterS = process.uptime()) };
}
