import { readTraceparent } from './trace-context.ts';
import { atPlace, currentPlace } from './trace-place.ts';

/** Values of OpenTelemetry's attributes; what is undefined is left out. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** What a span is, as far as it is known when it begins. */
export interface SpanStart {
  readonly name: string;
  /** `internal` unless told. */
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly attributes?: SpanAttributes;
  /** The `traceparent` of the span above it; the place where the code stands unless told. */
  readonly parent?: string;
  /** Begins a trace of this id, whatever stands around. */
  readonly traceId?: string;
  /** Its own id, where that must be known elsewhere; drawn at random unless told. */
  readonly spanId?: string;
  /** When it began, ms since the epoch; now unless told. */
  readonly startMs?: number;
  /** Other spans that it has to do with, by their `traceparent`. */
  readonly links?: readonly string[];
}

/** A span that is under way. */
export interface OpenSpan {
  readonly traceparent: string;
  /** False where the sampler has left it out: then it is told to nobody. */
  readonly isRecorded: boolean;
  set(attributes: SpanAttributes): void;
  /** `failed` is the class of the failure, a word of few: it becomes `error.type`. */
  end(how?: { readonly failed?: string; readonly endMs?: number }): void;
}

/** Makes spans. There is none where nobody asked for traces; everything here then just runs. */
export interface Tracing {
  open(start: SpanStart): OpenSpan;
}

/** Runs `work` in a span of its own, which ends with it. */
export async function inSpan<T>(
  tracing: Tracing | undefined,
  start: SpanStart,
  work: (span: OpenSpan | undefined) => Promise<T>,
): Promise<T> {
  const span = tracing?.open(start);
  if (!span) return work(undefined);
  const named = readTraceparent(span.traceparent);
  const { requestId } = currentPlace() ?? {};
  const place = named && {
    traceId: named.traceId,
    spanId: named.spanId,
    isRecorded: span.isRecorded,
    ...(requestId === undefined ? {} : { requestId }),
  };
  try {
    const result = await (place ? atPlace(place, () => work(span)) : work(span));
    span.end();
    return result;
  } catch (error) {
    span.end({ failed: classOf(error) });
    throw error;
  }
}

/** What kind of failure it was: our code, or the name of the class. */
export function classOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === 'string' || typeof code === 'number') return String(code);
  return typeof name === 'string' ? name : '_OTHER';
}
