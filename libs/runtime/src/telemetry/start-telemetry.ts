import { randomUUID } from 'node:crypto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { Logger } from '../logger.ts';
import { FLUSH_MS, type Telemetry } from '../telemetry.ts';
import type { TelemetrySettings } from '../telemetry-settings.ts';
import { openMetricReader, type OpenReader } from './metric-reader.ts';
import { openTracer } from './open-tracer.ts';

/** OpenTelemetry's SDK, set up without its global state: several servers in one process do not share it. */
export function startTelemetry(
  settings: TelemetrySettings,
  { version, logger }: { readonly version: string; readonly logger: Logger },
): Telemetry {
  const resource = resourceFromAttributes({
    'service.version': version,
    // Numbers of two processes of one service may not be taken for one another's.
    'service.instance.id': randomUUID(),
    ...settings.resourceAttributes,
    'service.name': settings.serviceName,
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'opentelemetry',
  });
  const about = { settings, resource, version, logger };
  const tracer = settings.traces && openTracer(settings.traces, about);
  let reader: OpenReader | undefined;
  return {
    ...(tracer && { tracing: tracer.tracing }),
    wantsMetrics: settings.metrics !== undefined,
    report(metrics) {
      if (settings.metrics) reader ??= openMetricReader(settings.metrics, about, metrics);
    },
    async close() {
      const flushed = Promise.allSettled([tracer?.close(), reader?.close()]);
      await Promise.race([flushed, new Promise((resolve) => setTimeout(resolve, FLUSH_MS).unref())]);
    },
  };
}
