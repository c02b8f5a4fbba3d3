import { ValueType } from '@opentelemetry/api';
import { hrTime, millisToHrTime } from '@opentelemetry/core';
import {
  JsonMetricsSerializer,
  MetricsExporterMetricsHelper,
  ProtobufMetricsSerializer,
} from '@opentelemetry/otlp-transformer';
import type { Resource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  PeriodicExportingMetricReader,
  type CollectionResult,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import type { Logger } from '../logger.ts';
import type { Family, Metrics } from '../metrics.ts';
import type { OtlpTarget, TelemetrySettings } from '../telemetry-settings.ts';
import { OtlpSender } from './otlp-sender.ts';

const FORMS = {
  protobuf: ProtobufMetricsSerializer,
  json: JsonMetricsSerializer,
  counts: MetricsExporterMetricsHelper,
};

export interface OpenReader {
  close(): Promise<void>;
}

/** Reads the numbers at intervals and sends them. They count from the start of the process: cumulative, as Prometheus' are. */
export function openMetricReader(
  target: OtlpTarget,
  about: {
    readonly settings: TelemetrySettings;
    readonly resource: Resource;
    readonly version: string;
    readonly logger: Logger;
  },
  metrics: Metrics,
): OpenReader {
  const { settings, resource, version, logger } = about;
  const reader = new PeriodicExportingMetricReader({
    exporter: new OtlpSender('metrics', target, FORMS, about),
    exportIntervalMillis: settings.metricIntervalMs,
    exportTimeoutMillis: Math.min(settings.timeoutMs, settings.metricIntervalMs),
  });
  const startTime = millisToHrTime(Date.now());
  reader.setMetricProducer({
    async collect(): Promise<CollectionResult> {
      const window = { startTime, endTime: hrTime() };
      const read = await Promise.all(
        metrics.families.map((family) =>
          dataOf(family, window).catch((error: unknown) => {
            logger.warn('a metric could not be read', { name: family.name, error });
            return undefined;
          }),
        ),
      );
      const told = read.filter((data) => data !== undefined && data.dataPoints.length > 0) as MetricData[];
      return {
        resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'runvoy', version }, metrics: told }] },
        errors: [],
      };
    },
  });
  return { close: () => reader.shutdown() };
}

type Window = Pick<MetricData['dataPoints'][number], 'startTime' | 'endTime'>;

async function dataOf(family: Family, window: Window): Promise<MetricData> {
  const { name, help } = family;
  const head = {
    descriptor: { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  if (family.kind === 'histogram') {
    const dataPoints = family.read().map(({ labels, upTo, sum, count }) => ({
      ...window,
      attributes: { ...labels },
      value: { sum, count, buckets: { boundaries: [...family.bounds], counts: counts(upTo, count) } },
    }));
    return { ...head, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = (await family.read()).map(({ labels = {}, value }) => ({
    ...window,
    attributes: { ...labels },
    value,
  }));
  if (family.kind === 'gauge') return { ...head, dataPointType: DataPointType.GAUGE, dataPoints };
  return { ...head, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
}

/** Prometheus' buckets hold what is below them, too; OTLP's do not. */
function counts(upTo: readonly number[], count: number): number[] {
  return [...upTo, count].map((value, at) => value - (upTo[at - 1] ?? 0));
}

const UNITS = { seconds: 's', bytes: 'By' };

/** By the name's own word for it. */
function unitOf(name: string): string {
  const [, word] = /_(seconds|bytes)(?:_total)?$/.exec(name) ?? [];
  return word === undefined ? '1' : UNITS[word as keyof typeof UNITS];
}
