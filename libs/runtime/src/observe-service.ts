import { cloudLogForm } from './cloud-log-form.ts';
import { newLogger, type LogLevel, type Logger } from './logger.ts';
import { Metrics } from './metrics.ts';
import { meterProcess } from './process-metrics.ts';
import type { Env } from './read-config.ts';
import type { Shutdown } from './shutdown.ts';
import { openTelemetry } from './telemetry.ts';
import { readTelemetrySettings, type DefaultReceiver } from './telemetry-settings.ts';
import type { Tracing } from './tracing.ts';

/** What a service tells of itself: lines, spans, numbers. */
export interface Observed {
  readonly logger: Logger;
  /** Absent where no traces are asked for. */
  readonly tracing?: Tracing;
  /** Absent where nobody is told. */
  readonly metrics?: Metrics;
  /** The service listens. */
  readonly ready: () => void;
}

export interface ObservedService {
  readonly name: string;
  readonly version: string;
  readonly env: Env;
  readonly logLevel: LogLevel;
  /** The project of Google Cloud whose log the lines go to; absent: a file or a terminal. */
  readonly project?: string;
  /** Who is told where nobody else is named. */
  readonly receiver?: DefaultReceiver | undefined;
  /** What names of metrics begin with; `runvoy` unless told. */
  readonly metricsNamespace?: string;
}

/**
 * Opens what a service tells of itself, first of all: it is closed last, so that everything that ends is still told. Throws
 * `ConfigProblems` where OpenTelemetry's variables are wrong.
 */
export async function observeService(service: ObservedService, shutdown: Shutdown): Promise<Observed> {
  const { name, version, env, logLevel, project, receiver, metricsNamespace } = service;
  const form = project === undefined ? {} : { form: cloudLogForm({ project, service: name, version }) };
  const logger = newLogger(logLevel, (line) => void process.stdout.write(line), form);
  const telemetry = await openTelemetry(readTelemetrySettings(env, { serviceName: name, receiver }), {
    version,
    logger,
  });
  shutdown.add('telemetry', () => telemetry.close());
  const metrics = telemetry.wantsMetrics ? new Metrics(metricsNamespace) : undefined;
  const meter = metrics && meterProcess(metrics, version);
  if (metrics) telemetry.report(metrics);
  return {
    logger,
    ...(telemetry.tracing && { tracing: telemetry.tracing }),
    ...(metrics && { metrics }),
    ready: () => meter?.ready(),
  };
}
