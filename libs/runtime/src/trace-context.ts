const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Where a request stands in a trace. https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  /** 32 hex characters: the trace that the caller named, or the request's own id. */
  readonly traceId: string;
  /** 16 hex characters: our own span. */
  readonly spanId: string;
  /** As it is passed on and given back: the same trace, with our own span. */
  readonly traceparent: string;
  /** The caller has named the trace. */
  readonly isGiven: boolean;
  /** The span that the caller named, as it did; absent when it has named none. */
  readonly parent?: string;
}

/** Reads the header, and makes a trace of the request's own where there is none or none that can be read. */
export function traceContext(header: string | string[] | undefined, requestId: string): TraceContext {
  const given = readTraceparent(header);
  const traceId = given?.traceId ?? requestId;
  // The request's id is drawn at random: so is any part of it.
  const spanId = requestId.slice(0, 16);
  const own = { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${given?.flags ?? '00'}` };
  if (!given) return { ...own, isGiven: false };
  return { ...own, isGiven: true, parent: `00-${traceId}-${given.spanId}-${given.flags}` };
}

/** A span as a header names it. */
export interface NamedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Two hex digits; the lowest bit says that it is recorded. */
  readonly flags: string;
}

/** The parts of a `traceparent`; nothing where it cannot be read or names nothing. */
export function readTraceparent(header: string | string[] | undefined): NamedSpan | undefined {
  const [, traceId = '', spanId = '', flags = '00'] = TRACEPARENT.exec(typeof header === 'string' ? header : '') ?? [];
  return /[^0]/.test(traceId) && /[^0]/.test(spanId) ? { traceId, spanId, flags } : undefined;
}
