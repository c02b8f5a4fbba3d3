import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { PubSub } from '@google-cloud/pubsub';
import type { Message } from '@google-cloud/pubsub';
import { describe, expect, test } from '@jest/globals';
import { eventBusContract, sampleEvent } from '@runvoy/core/contracts';
import type { Deliver } from '@runvoy/core/contracts';
import { emulatorHost, fasterPace, openPush, whyNotEmulated } from '@runvoy/google-fakes';
import { openPubSubEventBus } from '@runvoy/provider-gcp';
import { receiver } from './receiver.ts';

const why = whyNotEmulated('PUBSUB_EMULATOR_HOST');
const suite = why === undefined ? describe : describe.skip;
const PROJECT = 'runvoy-test';

/** A bus, the pushes behind it, and a receiver at their end. Its topics are its own. */
async function openWorld(deliver: Deliver) {
  const topic = `events-${randomUUID()}`;
  const host = emulatorHost('PUBSUB_EMULATOR_HOST');
  const server = await receiver(async (request) => {
    const { message } = JSON.parse(request.body) as { message: { data: string } };
    const outcome = await deliver(JSON.parse(Buffer.from(message.data, 'base64').toString()) as never);
    return outcome === 'ack' ? 204 : 503;
  });
  const spec = { project: PROJECT, topic, subscription: topic, pushEndpoint: `${server.url}/events` };
  const push = await openPush(spec, { emulatorHost: host, mintToken: () => 'x', pace: fasterPace(1_000) });
  const bus = openPubSubEventBus({ project: PROJECT, topic, endpoint: host });
  return {
    bus,
    topic,
    server,
    // Backoffs run a thousand times faster than on Google Cloud: the next one is over in a moment.
    letTimePass: () => new Promise<void>((resolve) => setTimeout(resolve, 5)),
    async [Symbol.asyncDispose]() {
      await push.stop();
      await bus.close();
      await server.close();
    },
  };
}

suite(why === undefined ? 'an event bus on Pub/Sub' : `an event bus on Pub/Sub — skipped: ${why}`, () => {
  eventBusContract(openWorld);

  test('an event is one message: structured, and marked so', async () => {
    await using world = await openWorld(async () => 'ack');
    const arrived = await subscribed(world.topic);
    await world.bus.publish(sampleEvent('a'));
    const message = await arrived.next();
    expect(message.attributes).toEqual({
      'content-type': 'application/cloudevents+json; charset=UTF-8',
      type: 'dev.runvoy.test.v1',
    });
    expect(JSON.parse(message.data.toString())).toEqual(sampleEvent('a'));
    await arrived.close();
  });

  test('what cannot be carried out waits in the dead-letter topic, with the reason', async () => {
    await using world = await openWorld(async () => 'ack');
    const arrived = await subscribed(`${world.topic}-dead-letters`);
    await world.bus.deadLetter(sampleEvent('a'), `no execution ${'ü'.repeat(1_000)}`, '/events/logs');
    const message = await arrived.next();
    expect(JSON.parse(message.data.toString())).toEqual(sampleEvent('a'));
    expect(message.attributes['runvoy-reason']).toMatch(/^no execution ü+$/);
    expect(message.attributes['runvoy-route']).toBe('/events/logs');
    expect(Buffer.byteLength(message.attributes['runvoy-reason']!)).toBeLessThanOrEqual(1_024);
    await arrived.close();
  });

  test('an event of more than 9 MiB is refused before it is sent', async () => {
    await using bus = openPubSubEventBus({ project: PROJECT, topic: 'none', endpoint: '127.0.0.1:1' });
    const event = sampleEvent('large', 'x'.repeat(9 * 1_024 * 1_024));
    await expect(bus.publish(event)).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      message: expect.stringMatching(/^Event large has 94\d{5} bytes; Pub\/Sub takes 9437184\.$/),
    });
  });

  test('a topic that is not there is a failure that names it to operators', async () => {
    const topic = `none-${randomUUID()}`;
    await using bus = openPubSubEventBus({ project: PROJECT, topic, endpoint: emulatorHost('PUBSUB_EMULATOR_HOST') });
    await expect(bus.publish(sampleEvent('a'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('a Pub/Sub that never answers is waited for no longer than the deadline', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const bus = openPubSubEventBus({ project: PROJECT, topic: 't', endpoint: `127.0.0.1:${port}`, deadlineMs: 300 });
    const asked = Date.now();
    await expect(bus.publish(sampleEvent('a'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(Date.now() - asked).toBeLessThan(5_000);
    await bus.close();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

async function subscribed(topic: string) {
  const pubsub = new PubSub({
    projectId: PROJECT,
    apiEndpoint: emulatorHost('PUBSUB_EMULATOR_HOST'),
    emulatorMode: true,
  });
  await pubsub.createTopic(topic).catch(() => {}); // It may be there.
  const [subscription] = await pubsub.createSubscription(topic, `look-${randomUUID()}`);
  return {
    next: () =>
      new Promise<Message>((resolve) => {
        subscription.once('message', (message: Message) => {
          message.ack();
          resolve(message);
        });
      }),
    async close() {
      await subscription.close();
      await pubsub.close();
    },
  };
}
