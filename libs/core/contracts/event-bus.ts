import { expect, test } from '@jest/globals';
import type { CloudEventEnvelope, EventBus } from '../src/events/event-bus.ts';
import { gate } from './gate.ts';

/** What the receiver makes of an event; a throw counts as `retry`. */
export type Deliver = (event: CloudEventEnvelope) => Promise<'ack' | 'retry'>;

export interface BusUnderTest extends AsyncDisposable {
  readonly bus: EventBus;
  /** Lets some time pass, so that refused events fall due sooner or later. Called again and again. */
  letTimePass(): Promise<void>;
}

/** What every bus promises. `open` answers one that hands its events to `deliver`. */
export function eventBusContract(open: (deliver: Deliver) => Promise<BusUnderTest>): void {
  test('a published event is delivered as it was published', async () => {
    const delivered = Promise.withResolvers<CloudEventEnvelope>();
    await using world = await open(async (event) => {
      delivered.resolve(event);
      return 'ack';
    });
    const event = sampleEvent('a', { text: 'emoji \u{1f600}', list: [1, null, { deep: true }] });
    await world.bus.publish(event);
    expect(await delivered.promise).toEqual(event);
  });

  test('an event is delivered again until it is acknowledged', async () => {
    const answers = ['retry', 'throw', 'retry', 'ack'];
    let tries = 0;
    await using world = await open(async () => {
      const answer = answers[tries++] ?? 'ack';
      if (answer === 'throw') throw new Error('the receiver broke');
      return answer as 'ack' | 'retry';
    });
    await world.bus.publish(sampleEvent('a'));
    while (tries < answers.length) await world.letTimePass();
    expect(tries).toBe(answers.length);
  });

  test('an event that is refused holds up no other', async () => {
    const others = new Set<string>();
    const allCame = gate();
    await using world = await open(async ({ id }) => {
      if (id === 'refused') return 'retry';
      others.add(id);
      if (others.size === 20) allCame.open();
      return 'ack';
    });
    await world.bus.publish(sampleEvent('refused'));
    await Promise.all(Array.from({ length: 20 }, (_, index) => world.bus.publish(sampleEvent(`e${index}`))));
    await allCame.opened;
    expect(others.size).toBe(20);
  });

  test('a hundred events at once are all delivered', async () => {
    const came = new Set<string>();
    const allCame = gate();
    await using world = await open(async ({ id }) => {
      came.add(id);
      if (came.size === 100) allCame.open();
      return 'ack';
    });
    await Promise.all(Array.from({ length: 100 }, (_, index) => world.bus.publish(sampleEvent(`e${index}`))));
    await allCame.opened;
  });
}

/** An event that says nothing in particular. */
export function sampleEvent(id: string, data: unknown = { n: 1 }): CloudEventEnvelope {
  return {
    specversion: '1.0',
    id,
    source: '//runvoy.test',
    type: 'dev.runvoy.test.v1',
    subject: 'executions/0',
    time: '2026-01-01T00:00:00Z',
    datacontenttype: 'application/json',
    data,
  };
}
