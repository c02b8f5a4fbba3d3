import { integer, oneOf, readConfig, text, type ConfigField, type Env } from './read-config.ts';

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** A base URL; a signal's path is put behind it. */
const url: ConfigField<string | undefined> = (name, value) => {
  if (value === undefined) return { value: undefined };
  if (/^https?:\/\//.test(value) && URL.canParse(value)) return { value };
  return { problem: `${name} must be an http or https URL such as http://127.0.0.1:4318; got "${value}".` };
};

/** `name=value` pairs between commas, percent-encoded: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ */
const pairs: ConfigField<Readonly<Record<string, string>>> = (name, value = '') => {
  const entries = value.split(',').filter((entry) => entry.trim() !== '');
  const split = entries.map((entry) => /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(entry));
  // The values may be credentials: none is told.
  if (split.includes(null)) return { problem: `${name} must be name=value pairs between commas.` };
  return { value: Object.fromEntries(split.map((found) => [decoded(found![1]!), decoded(found![2]!)])) };
};

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

const ratio: ConfigField<number> = (name, value) => {
  const number = value === undefined ? 1 : Number(value);
  if (number >= 0 && number <= 1) return { value: number };
  return { problem: `${name} must be a number between 0 and 1; got "${value}".` };
};

/** OpenTelemetry takes any other word than `true` for false. */
const isTrue: ConfigField<boolean> = (_, value) => ({ value: value?.toLowerCase() === 'true' });

/** OpenTelemetry's own variables, those that count here; `docs/config.md` lists the same, and a test compares the two. */
export const TELEMETRY_VARIABLES = {
  isDisabled: ['OTEL_SDK_DISABLED', isTrue],
  serviceName: ['OTEL_SERVICE_NAME', text({ fallback: '' })],
  resourceAttributes: ['OTEL_RESOURCE_ATTRIBUTES', pairs],
  traces: ['OTEL_TRACES_EXPORTER', oneOf(['otlp', 'none'], 'otlp')],
  metrics: ['OTEL_METRICS_EXPORTER', oneOf(['otlp', 'none'], 'otlp')],
  endpoint: ['OTEL_EXPORTER_OTLP_ENDPOINT', url],
  tracesEndpoint: ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', url],
  metricsEndpoint: ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', url],
  headers: ['OTEL_EXPORTER_OTLP_HEADERS', pairs],
  protocol: ['OTEL_EXPORTER_OTLP_PROTOCOL', oneOf(['http/protobuf', 'http/json'], 'http/protobuf')],
  timeoutMs: ['OTEL_EXPORTER_OTLP_TIMEOUT', integer({ fallback: 10_000, min: 1, max: 600_000 })],
  sampler: ['OTEL_TRACES_SAMPLER', oneOf(SAMPLERS, 'parentbased_always_on')],
  samplerRatio: ['OTEL_TRACES_SAMPLER_ARG', ratio],
  spanDelayMs: ['OTEL_BSP_SCHEDULE_DELAY', integer({ fallback: 5_000, min: 1, max: 600_000 })],
  metricIntervalMs: ['OTEL_METRIC_EXPORT_INTERVAL', integer({ fallback: 60_000, min: 100, max: 3_600_000 })],
} as const;

/** Where one kind of data goes. */
export interface OtlpTarget {
  readonly url: string;
  readonly headers: () => Promise<Record<string, string>>;
}

/** What is told, to whom, and how much of it. */
export interface TelemetrySettings {
  readonly serviceName: string;
  readonly resourceAttributes: Readonly<Record<string, string>>;
  /** Absent: no traces. */
  readonly traces?: OtlpTarget;
  /** Absent: no metrics. */
  readonly metrics?: OtlpTarget;
  readonly protocol: 'http/protobuf' | 'http/json';
  readonly timeoutMs: number;
  readonly sampler: (typeof SAMPLERS)[number];
  readonly samplerRatio: number;
  readonly spanDelayMs: number;
  readonly metricIntervalMs: number;
}

/** A receiver that a deployment has without anybody naming one. */
export interface DefaultReceiver {
  readonly endpoint: string;
  readonly headers: () => Promise<Record<string, string>>;
  readonly resourceAttributes?: Readonly<Record<string, string>>;
}

/**
 * Reads OpenTelemetry's variables. Undefined where nobody has named a receiver, the SDK is disabled or nothing is exported: then there
 * is no telemetry. Throws `ConfigProblems` naming every wrong variable.
 */
export function readTelemetrySettings(
  env: Env,
  about: { readonly serviceName: string; readonly receiver?: DefaultReceiver | undefined },
): TelemetrySettings | undefined {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return undefined;
  const read = readConfig(env, TELEMETRY_VARIABLES);
  const target = (path: string, own: string | undefined): OtlpTarget | undefined => {
    const named = async () => ({ ...read.headers });
    if (own !== undefined) return { url: own, headers: named };
    if (read.endpoint !== undefined) return { url: `${read.endpoint.replace(/\/$/, '')}${path}`, headers: named };
    return about.receiver && { url: `${about.receiver.endpoint}${path}`, headers: about.receiver.headers };
  };
  const traces = read.traces === 'otlp' ? target('/v1/traces', read.tracesEndpoint) : undefined;
  const metrics = read.metrics === 'otlp' ? target('/v1/metrics', read.metricsEndpoint) : undefined;
  if (!traces && !metrics) return undefined;
  const { protocol, timeoutMs, sampler, samplerRatio, spanDelayMs, metricIntervalMs } = read;
  return {
    serviceName: read.serviceName || read.resourceAttributes['service.name'] || about.serviceName,
    resourceAttributes: { ...about.receiver?.resourceAttributes, ...read.resourceAttributes },
    ...(traces && { traces }),
    ...(metrics && { metrics }),
    protocol,
    timeoutMs,
    sampler,
    samplerRatio,
    spanDelayMs,
    metricIntervalMs,
  };
}
