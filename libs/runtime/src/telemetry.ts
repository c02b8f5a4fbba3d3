import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { TelemetrySettings } from './telemetry-settings.ts';
import type { Tracing } from './tracing.ts';

/** What a process tells of itself to whoever collects it. */
export interface Telemetry {
  /** Absent where no traces are asked for. */
  readonly tracing?: Tracing;
  /** True where metrics are asked for: then `report` sends them. */
  readonly wantsMetrics: boolean;
  /** Sends these numbers at intervals from now on; once. */
  report(metrics: Metrics): void;
  /** Sends what is left, within `FLUSH_MS`: a receiver that is away keeps nobody. */
  close(): Promise<void>;
}

/** How long a process that ends waits for its last spans and numbers to be taken. */
export const FLUSH_MS = 2_000;

/** Nothing is told to anybody, and nothing of OpenTelemetry is loaded. */
export const noTelemetry: Telemetry = {
  wantsMetrics: false,
  report: () => undefined,
  close: async () => undefined,
};

/** Opens what the settings ask for. OpenTelemetry's packages are loaded here, and only when they are asked for. */
export async function openTelemetry(
  settings: TelemetrySettings | undefined,
  about: { readonly version: string; readonly logger: Logger },
): Promise<Telemetry> {
  if (!settings) return noTelemetry;
  const { startTelemetry } = await import('./telemetry/start-telemetry.ts');
  return startTelemetry(settings, about);
}
