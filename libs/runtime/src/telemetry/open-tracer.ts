import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context, type Span } from '@opentelemetry/api';
import {
  JsonTraceSerializer,
  ProtobufTraceSerializer,
  TraceExporterMetricsHelper,
} from '@opentelemetry/otlp-transformer';
import type { Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Logger } from '../logger.ts';
import type { OtlpTarget, TelemetrySettings } from '../telemetry-settings.ts';
import { readTraceparent } from '../trace-context.ts';
import { currentPlace } from '../trace-place.ts';
import type { OpenSpan, SpanAttributes, SpanStart, Tracing } from '../tracing.ts';
import { ChosenIds } from './chosen-ids.ts';
import { OtlpSender } from './otlp-sender.ts';
import { samplerOf } from './sampler.ts';

const FORMS = {
  protobuf: ProtobufTraceSerializer,
  json: JsonTraceSerializer,
  counts: TraceExporterMetricsHelper,
};
const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** Spans that wait to be sent; beyond it further ones are dropped: a receiver that is away costs no memory. */
const QUEUED_SPANS = 2_048;

/** Makes spans and sends them in batches, from memory: whoever opens and ends one never waits. */
export function openTracer(
  target: OtlpTarget,
  about: {
    readonly settings: TelemetrySettings;
    readonly resource: Resource;
    readonly version: string;
    readonly logger: Logger;
  },
): { readonly tracing: Tracing; close(): Promise<void> } {
  const { settings, resource, version } = about;
  const ids = new ChosenIds();
  const batches = new BatchSpanProcessor({
    exporter: new OtlpSender('spans', target, FORMS, about),
    scheduledDelayMillis: settings.spanDelayMs,
    exportTimeoutMillis: settings.timeoutMs,
    maxQueueSize: QUEUED_SPANS,
  });
  const provider = new TracerProvider({
    resource,
    idGenerator: ids,
    sampler: samplerOf(settings),
    spanProcessors: [batches],
  });
  const tracer = provider.getTracer('runvoy', version);
  return {
    tracing: {
      open(start) {
        const { name, kind = 'internal', attributes = {}, startMs, links = [], traceId, spanId } = start;
        ids.choose(traceId, spanId);
        const span = tracer.startSpan(
          name,
          {
            kind: KINDS[kind],
            attributes: present(attributes),
            ...(startMs === undefined ? {} : { startTime: startMs }),
            links: links.flatMap((link) => spanContextOf(link) ?? []).map((context) => ({ context })),
          },
          contextOf(start),
        );
        ids.choose(undefined, undefined);
        return openSpan(span);
      },
    },
    close: () => provider.shutdown(),
  };
}

function openSpan(span: Span): OpenSpan {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    isRecorded: span.isRecording(),
    set: (attributes) => void span.setAttributes(present(attributes)),
    end({ failed, endMs } = {}) {
      if (failed !== undefined) {
        span.setAttribute('error.type', failed);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end(endMs);
    },
  };
}

/** Below the span that is named, or where the code stands; else a trace begins. */
function contextOf({ parent, traceId }: SpanStart): Context {
  const above = parent === undefined ? spanContextHere(traceId) : spanContextOf(parent);
  return above ? trace.setSpanContext(ROOT_CONTEXT, above) : ROOT_CONTEXT;
}

function spanContextOf(traceparent: string) {
  const named = readTraceparent(traceparent);
  if (!named) return undefined;
  const { traceId, spanId, flags } = named;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

function spanContextHere(ownTraceId: string | undefined) {
  const place = ownTraceId === undefined ? currentPlace() : undefined;
  return place && { traceId: place.traceId, spanId: place.spanId, traceFlags: place.isRecorded ? 1 : 0 };
}

function present(attributes: SpanAttributes): Record<string, string | number | boolean | string[]> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'object' ? [...value] : value]],
    ),
  );
}
