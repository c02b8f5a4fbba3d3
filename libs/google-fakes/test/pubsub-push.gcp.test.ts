import { randomUUID } from 'node:crypto';
import { PubSub } from '@google-cloud/pubsub';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createTokenIssuer,
  emulatorHost,
  fakeLogging,
  fasterPace,
  openPush,
  whyNotEmulated,
} from '@runvoy/google-fakes';
import type { PushSubscription } from '@runvoy/google-fakes';
import { recordingServer } from './recording-server.ts';
import { completionEntry, printedEntry } from './sample-entries.ts';
import { until } from './until.ts';

const why = whyNotEmulated('PUBSUB_EMULATOR_HOST');
const suite = why === undefined ? describe : describe.skip;
const titled = (title: string): string => (why === undefined ? title : `${title} — skipped: ${why}`);
const PROJECT = 'push-test';

type Body = {
  message: {
    data: string;
    attributes?: Record<string, string>;
    messageId: string;
    message_id: string;
    orderingKey?: string;
  };
  subscription: string;
  deliveryAttempt?: number;
};

suite(titled('Pub/Sub’s push as the fake does it'), () => {
  const issuer = createTokenIssuer();
  const closing: (() => Promise<unknown>)[] = [];
  let pubsub: PubSub;

  beforeAll(() => {
    pubsub = new PubSub({ projectId: PROJECT, apiEndpoint: emulatorHost('PUBSUB_EMULATOR_HOST'), emulatorMode: true });
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  afterAll(() => pubsub.close());

  async function open(statuses: number[], more: Partial<PushSubscription> = {}) {
    const topic = `t-${randomUUID()}`;
    const server = await recordingServer(...statuses);
    const spec = {
      project: PROJECT,
      topic,
      subscription: `s-${topic}`,
      pushEndpoint: `${server.url}/events/logs`,
      ...more,
    };
    const options = { emulatorHost: emulatorHost('PUBSUB_EMULATOR_HOST'), mintToken: issuer.idToken };
    const push = await openPush(spec, { ...options, pace: fasterPace(100_000) });
    closing.push(
      () => push.stop(),
      () => server.stop(),
    );
    const bodies = () => server.requests.map(({ body }) => JSON.parse(body) as Body);
    return { topic: pubsub.topic(topic), topicId: topic, server, push, bodies };
  }

  test('a message arrives in the wrapped form, with its key and the account’s token', async () => {
    const world = await open([204], { oidcToken: { serviceAccountEmail: 'caller@p', audience: 'https://processor' } });
    const topic = pubsub.topic(world.topicId, { messageOrdering: true });
    const messageId = await topic.publishMessage({ data: Buffer.from('hi'), attributes: { a: 'b' }, orderingKey: 'k' });
    await until('the delivery', () => world.push.answers.length === 1);
    expect(world.bodies()[0]).toMatchObject({
      message: { data: 'aGk=', attributes: { a: 'b' }, messageId, message_id: messageId, orderingKey: 'k' },
      subscription: `projects/${PROJECT}/subscriptions/s-${world.topicId}`,
    });
    expect(world.bodies()[0]).not.toHaveProperty('deliveryAttempt');
    const [{ headers, path }] = world.server.requests as [(typeof world.server.requests)[number]];
    expect(path).toBe('/events/logs');
    const claims = JSON.parse(Buffer.from(String(headers['authorization']).split('.')[1]!, 'base64url').toString());
    expect(claims).toMatchObject({ email: 'caller@p', aud: 'https://processor' });
  });

  test('a message that is refused is counted, and in the end put aside', async () => {
    const deadLetter = { topic: `dead-${randomUUID()}`, maxDeliveryAttempts: 5 };
    const world = await open([500], { deadLetter });
    await pubsub.createTopic(deadLetter.topic);
    const [letters] = await pubsub.createSubscription(deadLetter.topic, deadLetter.topic);
    await world.topic.publishMessage({ data: Buffer.from('poison'), attributes: { a: 'b' } });
    const [letter] = (await new Promise((resolve) => {
      letters.once('message', (message) => resolve([message]));
    })) as [{ data: Buffer; attributes: Record<string, string>; ack(): void }];
    letter.ack();
    await letters.close();
    expect(world.bodies().map(({ deliveryAttempt }) => deliveryAttempt)).toEqual([1, 2, 3, 4, 5]);
    expect(letter.data.toString()).toBe('poison');
    expect(letter.attributes).toMatchObject({ a: 'b', CloudPubSubDeadLetterSourceDeliveryCount: '5' });
  });

  test.each([
    [200, 1],
    [202, 1],
    [204, 1],
    [203, 2],
    [302, 2],
    [404, 2],
    [503, 2],
  ])('an answer of %i makes it %i deliveries', async (status, deliveries) => {
    const world = await open([status, 204]);
    await world.topic.publishMessage({ data: Buffer.from('x') });
    await until('the last delivery', () => world.push.answers.length === deliveries && world.push.outstanding === 0);
    expect(world.server.requests).toHaveLength(deliveries);
  });

  test('a sink sends what its filter means, with the one attribute that Google sends', async () => {
    const world = await open([204]);
    const logging = fakeLogging({ emulatorHost: emulatorHost('PUBSUB_EMULATOR_HOST') });
    closing.push(async () => logging[Symbol.asyncDispose]());
    const filter =
      'resource.type="cloud_run_job" resource.labels.job_name=~"^rv-" logName:"run.googleapis.com%2Fstdout"';
    const conveyor = await logging.addSink({ name: 'logs', project: PROJECT, topic: world.topicId, filter });
    conveyor.plan('duplicate');
    logging.write(completionEntry());
    logging.write(printedEntry());
    await until('two deliveries', () => world.push.answers.length === 2);
    for (const { message } of world.bodies()) {
      expect(JSON.parse(Buffer.from(message.data, 'base64').toString())).toEqual(printedEntry());
      expect(message.attributes).toEqual({ 'logging.googleapis.com/timestamp': printedEntry().timestamp });
    }
  });
});
