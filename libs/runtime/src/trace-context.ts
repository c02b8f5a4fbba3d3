const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Where a request stands in a trace. https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  /** 32 hex characters: the trace that the caller named, or the request's own id. */
  readonly traceId: string;
  /** As it is passed on and given back: the same trace, with our own span. */
  readonly traceparent: string;
  /** The caller has named the trace. */
  readonly isGiven: boolean;
}

/** Reads the header, and makes a trace of the request's own where there is none or none that can be read. */
export function traceContext(header: string | string[] | undefined, requestId: string): TraceContext {
  const [, traceId = '', parentId = '', flags = '00'] =
    TRACEPARENT.exec(typeof header === 'string' ? header : '') ?? [];
  const isGiven = /[^0]/.test(traceId) && /[^0]/.test(parentId);
  const trace = isGiven ? traceId : requestId;
  // The request's id is drawn at random: so is any part of it.
  return { traceId: trace, traceparent: `00-${trace}-${requestId.slice(0, 16)}-${isGiven ? flags : '00'}`, isGiven };
}
