import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { openDeadLetters, recordDeath, systemClock, type CloudEventEnvelope } from '@runvoy/core';
import { deadLettersContract, sampleEvent } from '@runvoy/core/contracts';
import type { Deliver } from '@runvoy/core/contracts';
import { emulatorHost, fasterPace, openPush, whyNotEmulated } from '@runvoy/google-fakes';
import { deadLetterMarks, openPubSubEventBus } from '@runvoy/provider-gcp';
import { emptyFirestoreRecords } from './emulated-records.ts';
import { receiver } from './receiver.ts';

const why = whyNotEmulated('PUBSUB_EMULATOR_HOST') ?? whyNotEmulated('FIRESTORE_EMULATOR_HOST');
const suite = why === undefined ? describe : describe.skip;
const PROJECT = 'runvoy-test';

interface Pushed {
  readonly message: { readonly data: string; readonly messageId: string; readonly attributes: Record<string, string> };
}

/** A bus, the pushes of both its topics, and the records on Firestore. Its topics are its own. */
async function openWorld(deliver: Deliver, maxDeliveryAttempts = 100) {
  const topic = `events-${randomUUID()}`;
  const host = emulatorHost('PUBSUB_EMULATOR_HOST');
  const records = await emptyFirestoreRecords();
  const markOf = deadLetterMarks({ logsTopic: `${topic}-logs` });
  const told: string[] = [];
  const server = await receiver(async (request) => {
    const { message } = JSON.parse(request.body) as Pushed;
    const event = JSON.parse(Buffer.from(message.data, 'base64').toString()) as CloudEventEnvelope;
    if (request.path !== '/events/dead-letters') return (await deliver(event)) === 'ack' ? 204 : 503;
    const mark = markOf(message.attributes);
    await recordDeath({ records, clock: systemClock }, { event, ...mark, delivery: message.messageId });
    told.push(message.messageId);
    return 204;
  });
  const open = (from: string, path: string, more: object) =>
    openPush(
      { project: PROJECT, topic: from, subscription: `${from}-push`, pushEndpoint: `${server.url}${path}`, ...more },
      { emulatorHost: host, mintToken: () => 'x', pace: fasterPace(1_000) },
    );
  const letters = await open(`${topic}-dead-letters`, '/events/dead-letters', {});
  const push = await open(topic, '/events', { deadLetter: { topic: `${topic}-dead-letters`, maxDeliveryAttempts } });
  const bus = openPubSubEventBus({ project: PROJECT, topic, endpoint: host });
  return {
    bus,
    records,
    letters,
    told,
    letTimePass: () => new Promise<void>((resolve) => setTimeout(resolve, 5)),
    async [Symbol.asyncDispose]() {
      await push.stop();
      await letters.stop();
      await bus.close();
      await server.close();
      await records.close();
    },
  };
}

suite(why === undefined ? 'dead letters on Pub/Sub' : `dead letters on Pub/Sub — skipped: ${why}`, () => {
  deadLettersContract(openWorld);

  const deadLettersOf = (world: Awaited<ReturnType<typeof openWorld>>) =>
    openDeadLetters({ ...world, clock: systemClock });

  test('an event that Pub/Sub gave up is among them, and says how often and behind which subscription it was refused', async () => {
    await using world = await openWorld(async () => 'retry', 5);
    await world.bus.publish(sampleEvent('a'));
    const deadLetters = deadLettersOf(world);
    while ((await deadLetters.count()) === 0) await world.letTimePass();
    const { letters } = await deadLetters.list({ limit: 10 });
    expect(letters).toMatchObject([{ letter: { event_id: 'a', attempts: 5, route: '/events' } }]);
    expect(letters[0]!.letter.reason).toMatch(
      /^Refused 5 times by the receiver behind events-.*-push, whose log says why\.$/,
    );
  });

  test('a word of a death that comes twice, the second time after it was dropped, opens nothing again', async () => {
    await using world = await openWorld(async () => 'ack');
    world.letters.conveyor.plan('duplicate');
    await world.bus.deadLetter(sampleEvent('a'), 'why', '/events');
    while (world.told.length < 2) await world.letTimePass();
    const deadLetters = deadLettersOf(world);
    const [known] = (await deadLetters.list({ limit: 10 })).letters;
    expect(known!.letter.deaths).toBe(1);
    await deadLetters.drop(known!.id, { email: 'o@example.com', requestId: 'r' });
    const delivery = world.told[0];
    const death = { event: sampleEvent('a'), reason: 'why', attempts: 1, route: '/events', delivery };
    await recordDeath({ ...world, clock: systemClock }, death);
    expect(await deadLetters.count()).toBe(0);
  });
});

describe('what stands beside a dead letter', () => {
  const marks = deadLetterMarks({ logsTopic: 'runvoy-logs' });

  test('is our reason and our route where we put it aside', () => {
    const attributes = { 'runvoy-reason': 'no execution', 'runvoy-route': '/events/tick' };
    expect(marks(attributes)).toEqual({ reason: 'no execution', route: '/events/tick', attempts: 1 });
  });

  test('is the count of refusals where Pub/Sub did, and the route of the subscription', () => {
    const attributes = {
      CloudPubSubDeadLetterSourceSubscription: 'runvoy-logs-push',
      CloudPubSubDeadLetterSourceDeliveryCount: '100',
    };
    expect(marks(attributes)).toEqual({
      reason: 'Refused 100 times by the receiver behind runvoy-logs-push, whose log says why.',
      route: '/events/logs',
      attempts: 100,
    });
  });
});
