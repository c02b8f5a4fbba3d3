import {
  meterRuns,
  queueWaitMs,
  runSpans,
  type CloudEventEnvelope,
  type Clock,
  type EventBus,
  type Execution,
  type JobRunner,
} from '@runvoy/core';
import type { Metrics } from './metrics.ts';
import { currentPlace } from './trace-place.ts';
import { inSpan, type Tracing } from './tracing.ts';

/** The same platform, with a span around each start of a run whose request was recorded. */
export function tracedJobs<Jobs extends JobRunner>(jobs: Jobs, tracing: Tracing | undefined): Jobs {
  if (!tracing) return jobs;
  const start: JobRunner['start'] = async (order) => {
    const { execution_id, attempt, isolation, traceparent } = order;
    if (traceparent === undefined) return jobs.start(order);
    const attributes = {
      'cicd.pipeline.run.id': execution_id,
      'runvoy.attempt': attempt,
      'runvoy.isolation': isolation,
    };
    return inSpan(tracing, { name: 'start run', kind: 'client', parent: traceparent, attributes }, async (span) => {
      const answer = await jobs.start(order);
      const isRejected = answer.outcome === 'rejected';
      span?.set({ 'runvoy.outcome': answer.outcome, ...(isRejected && { 'error.type': answer.reason }) });
      return answer;
    });
  };
  return withMethod(jobs, 'start', start);
}

/** The same object with one method replaced. The others stand on its class, and only called on it they reach what it keeps to itself. */
function withMethod<T extends object>(given: T, replaced: string, method: unknown): T {
  return new Proxy(given, {
    get(target, name) {
      if (name === replaced) return method;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** What is told of each run that has ended: its spans, with the times that its record knows, and its numbers. */
export function tellRuns(
  { tracing, metrics }: { readonly tracing?: Tracing | undefined; readonly metrics?: Metrics | undefined },
  clock: Clock,
): ((execution: Execution) => void) | undefined {
  if (!tracing && !metrics) return undefined;
  const meter = metrics && meterRuns(metrics);
  return (execution) => {
    meter?.ended(execution, clock.now());
    const waitedMs = queueWaitMs(execution);
    if (waitedMs !== undefined) meter?.waited(waitedMs);
    if (!tracing) return;
    for (const { endMs, failed, ...start } of runSpans(execution, clock.now())) {
      tracing.open(start).end({ endMs, ...(failed === undefined ? {} : { failed }) });
    }
  };
}

/** Messaging's words for events (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/). */
function messaging(event: CloudEventEnvelope, operation: 'send' | 'process', destination: string) {
  return {
    'messaging.system': 'cloudevents',
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    'messaging.destination.name': destination,
    'messaging.message.id': event.id,
    'cloudevents.event_id': event.id,
    'cloudevents.event_source': event.source,
    'cloudevents.event_type': event.type,
    'cloudevents.event_subject': event.subject,
  };
}

/** The same bus, with a span around each event that belongs below a recorded one. */
export function tracedBus<Bus extends Pick<EventBus, 'publish'>>(
  bus: Bus,
  tracing: Tracing | undefined,
  destination: string,
): Bus {
  if (!tracing) return bus;
  const publish: EventBus['publish'] = async (event) => {
    if (event.traceparent === undefined) return bus.publish(event);
    const attributes = messaging(event, 'send', destination);
    const start = { name: `send ${event.type}`, kind: 'producer', parent: event.traceparent, attributes } as const;
    return inSpan(tracing, start, () => bus.publish(event));
  };
  return withMethod(bus, 'publish', publish);
}

/**
 * Tells that an event was carried out, in the trace of the run that it was about; that is known only then. The request that brought it
 * has a trace of its own, its carrier's: it is linked.
 */
export function tellDelivery(
  tracing: Tracing | undefined,
  event: CloudEventEnvelope,
  run: Pick<Execution, 'traced' | 'traceparent'> | undefined,
  { startMs, route }: { readonly startMs: number; readonly route: string },
): void {
  const parent = event.traceparent ?? (run?.traced && run.traceparent);
  if (!tracing || parent === undefined) return;
  const here = currentPlace();
  const span = tracing.open({
    name: `process ${event.type}`,
    kind: 'consumer',
    parent,
    startMs,
    attributes: messaging(event, 'process', route),
    links: here ? [`00-${here.traceId}-${here.spanId}-${here.isRecorded ? '01' : '00'}`] : [],
  });
  span.end();
}
