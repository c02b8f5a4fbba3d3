import { expect, test } from '@jest/globals';
import type { CloudEventEnvelope, EventBus, JobRunner, StartOrder } from '@runvoy/core';
import { atPlace, tellDelivery, tracedBus, tracedJobs, type SpanStart, type Tracing } from '../src/index.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALL = `00-${TRACE}-00f067aa0ba902b7-01`;
type Told = SpanStart & { readonly ended: Record<string, unknown> };

function keeper(): { readonly tracing: Tracing; readonly spans: Told[] } {
  const spans: Told[] = [];
  const open: Tracing['open'] = (start) => {
    const ended: Record<string, unknown> = {};
    return {
      traceparent: CALL,
      isRecorded: true,
      set: (attributes) => void Object.assign(ended, attributes),
      end: (how = {}) => void spans.push({ ...start, ended: { ...ended, ...how } }),
    };
  };
  return { tracing: { open }, spans };
}

const ORDER = { execution_id: 'e', attempt: 2, isolation: 'process', traceparent: CALL } as StartOrder;
const EVENT: CloudEventEnvelope = {
  specversion: '1.0',
  id: 'finished-e',
  source: '/runvoy/core',
  type: 'dev.runvoy.execution.finished.v1',
  time: '2026-11-28T00:00:00.000Z',
  datacontenttype: 'application/json',
  traceparent: CALL,
  data: {},
};

const BUS: Pick<EventBus, 'publish'> = { publish: async () => undefined };

/** Its methods reach what only they may: as Google's clients and ours do. */
class Platform {
  #answer: Awaited<ReturnType<JobRunner['start']>> | Error = { outcome: 'started' };
  starts = 0;
  answerWith(answer: Awaited<ReturnType<JobRunner['start']>> | Error): void {
    this.#answer = answer;
  }
  async start(): ReturnType<JobRunner['start']> {
    this.starts += 1;
    if (this.#answer instanceof Error) throw this.#answer;
    return this.#answer;
  }
}

test('a start is a span below the request that asked for it, and a platform’s other methods are its own', async () => {
  const { tracing, spans } = keeper();
  const jobs = tracedJobs(new Platform() as unknown as JobRunner & Platform, tracing);
  await jobs.start(ORDER);
  jobs.answerWith({ outcome: 'rejected', reason: 'quota', details: '' });
  await jobs.start(ORDER);
  jobs.answerWith(new Error('away'));
  await expect(jobs.start(ORDER)).rejects.toThrow('away');
  expect(spans).toEqual([
    expect.objectContaining({
      name: 'start run',
      kind: 'client',
      parent: CALL,
      ended: { 'runvoy.outcome': 'started' },
    }),
    expect.objectContaining({ ended: { 'runvoy.outcome': 'rejected', 'error.type': 'quota' } }),
    expect.objectContaining({ ended: { failed: 'Error' } }),
  ]);
});

test('the start of a run that nobody recorded is none, and without traces the platform is the same', async () => {
  const { tracing, spans } = keeper();
  const platform = new Platform() as unknown as JobRunner & Platform;
  const { traceparent: _, ...unrecorded } = ORDER;
  await tracedJobs(platform, tracing).start(unrecorded);
  expect([platform.starts, spans]).toEqual([1, []]);
  expect(tracedJobs(platform, undefined)).toBe(platform);
});

test('an event of a recorded run is sent and carried out in its trace, linked to the request that brought it', async () => {
  const { tracing, spans } = keeper();
  await tracedBus(BUS, tracing, 'runvoy-events').publish(EVENT);
  atPlace({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isRecorded: false }, () =>
    tellDelivery(tracing, EVENT, undefined, { startMs: 7, route: '/events' }),
  );
  expect(spans).toEqual([
    expect.objectContaining({ name: `send ${EVENT.type}`, kind: 'producer', parent: CALL }),
    expect.objectContaining({
      name: `process ${EVENT.type}`,
      kind: 'consumer',
      parent: CALL,
      startMs: 7,
      links: [`00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`],
    }),
  ]);
});

test('an event that is about no recorded run is in no trace but its request’s', async () => {
  const { tracing, spans } = keeper();
  const { traceparent: _, ...event } = EVENT;
  tellDelivery(tracing, event, undefined, { startMs: 0, route: '/events' });
  tellDelivery(tracing, event, { traceparent: CALL }, { startMs: 0, route: '/events' });
  await tracedBus(BUS, tracing, 'x').publish(event);
  expect(spans).toEqual([]);
});
