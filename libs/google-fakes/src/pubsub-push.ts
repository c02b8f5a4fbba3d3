import { PubSub } from '@google-cloud/pubsub';
import type { Message, Subscription } from '@google-cloud/pubsub';
import { Conveyor } from './conveyor.ts';
import { RetriedDeliveries } from './retried-deliveries.ts';
import { signedPost } from './signed-post.ts';
import type { MintToken, OidcToken } from './signed-post.ts';
import { fasterPace } from './pace.ts';
import type { Pace } from './pace.ts';

/** A push subscription as Terraform would declare it. */
export interface PushSubscription {
  readonly project: string;
  readonly topic: string;
  readonly subscription: string;
  readonly pushEndpoint: string;
  readonly oidcToken?: OidcToken;
  /** 10 to 600; 60 unless told. In real time, however fast the fake lives: a handler needs what it needs. */
  readonly ackDeadlineS?: number;
  /** 10 s and 600 s unless told. */
  readonly minimumBackoffS?: number;
  readonly maximumBackoffS?: number;
  readonly deadLetter?: { readonly topic: string; readonly maxDeliveryAttempts: number };
}

/** A message as it is on its way to the receiver. */
export interface PushedMessage {
  readonly messageId: string;
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly publishTime: string;
  readonly orderingKey: string;
}

/** One open push subscription. */
export interface OpenPush {
  readonly conveyor: Conveyor<PushedMessage>;
  /** How many messages were neither acknowledged nor given up. */
  readonly outstanding: number;
  /** Status of every delivery so far; 0 for none in time. */
  readonly answers: readonly { readonly messageId: string; readonly attempt: number; readonly status: number }[];
  stop(): Promise<void>;
}

/** https://cloud.google.com/pubsub/docs/push#receive_push */
const ACKNOWLEDGES = [102, 200, 201, 202, 204];

/**
 * Pushes what the emulator holds, as Pub/Sub itself pushes: with the account's ID token, growing pauses, `deliveryAttempt`,
 * ordering keys and a dead-letter topic, of which the emulator's own push knows none.
 *
 * Creates the topic and the subscription where they are missing. Order is not kept, also not of messages with one key. What was
 * received and not yet delivered when it stops is lost.
 */
export async function openPush(
  spec: PushSubscription,
  { emulatorHost, mintToken, pace = fasterPace() }: { emulatorHost: string; mintToken: MintToken; pace?: Pace },
): Promise<OpenPush> {
  const pubsub = new PubSub({ projectId: spec.project, apiEndpoint: emulatorHost, emulatorMode: true });
  const source = await subscribe(pubsub, spec);
  const answers: { messageId: string; attempt: number; status: number }[] = [];
  const deliveries = new RetriedDeliveries<PushedMessage>({
    pace,
    policy: {
      minMs: (spec.minimumBackoffS ?? 10) * 1_000,
      maxMs: (spec.maximumBackoffS ?? 600) * 1_000,
      maxAttempts: spec.deadLetter?.maxDeliveryAttempts,
    },
    async attempt(message, attempt, signal) {
      const status = await signedPost(mintToken, requestFor(spec, message, attempt), signal);
      answers.push({ messageId: message.messageId, attempt, status });
      return ACKNOWLEDGES.includes(status);
    },
    giveUp: (message, attempts) => bury(pubsub, spec, message, attempts),
  });
  const conveyor = new Conveyor<PushedMessage>((message) => deliveries.add(message), pace);
  source.on('message', (message: Message) => {
    message.ack();
    conveyor.carry(taken(message));
  });
  source.on('error', () => {}); // The emulator went away: nothing more comes.
  return {
    conveyor,
    answers,
    get outstanding() {
      return deliveries.outstanding;
    },
    async stop() {
      conveyor.stop();
      await source.close();
      await deliveries.stop();
      await pubsub.close();
    },
  };
}

async function subscribe(
  pubsub: PubSub,
  { topic, subscription, ackDeadlineS = 60 }: PushSubscription,
): Promise<Subscription> {
  await created(pubsub.createTopic(topic));
  await created(pubsub.createSubscription(topic, subscription, { ackDeadlineSeconds: ackDeadlineS }));
  return pubsub.subscription(subscription, { streamingOptions: { maxStreams: 1 } });
}

const ALREADY_EXISTS = 6;

/** Resolves also when it was there before. */
export async function created(creation: Promise<unknown>): Promise<void> {
  await creation.catch((error: { code?: number }) => {
    if (error.code !== ALREADY_EXISTS) throw error;
  });
}

function taken(message: Message): PushedMessage {
  return {
    messageId: message.id,
    data: message.data,
    attributes: message.attributes,
    publishTime: message.publishTime.toISOString(),
    orderingKey: message.orderingKey ?? '',
  };
}

function requestFor(spec: PushSubscription, message: PushedMessage, attempt: number) {
  const { messageId, publishTime, attributes, orderingKey } = message;
  const body = JSON.stringify({
    ...(spec.deadLetter ? { deliveryAttempt: attempt } : {}),
    message: {
      ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
      data: message.data.toString('base64'),
      messageId,
      message_id: messageId,
      ...(orderingKey === '' ? {} : { orderingKey }),
      publishTime,
      publish_time: publishTime,
    },
    subscription: `projects/${spec.project}/subscriptions/${spec.subscription}`,
  });
  return {
    url: spec.pushEndpoint,
    headers: { 'content-type': 'application/json', 'user-agent': 'CloudPubSub-Google', from: 'noreply@google.com' },
    body,
    oidcToken: spec.oidcToken,
    deadlineMs: (spec.ackDeadlineS ?? 60) * 1_000,
  };
}

async function bury(pubsub: PubSub, spec: PushSubscription, message: PushedMessage, attempts: number): Promise<void> {
  if (!spec.deadLetter) return;
  const attributes = {
    ...message.attributes,
    CloudPubSubDeadLetterSourceDeliveryCount: String(attempts),
    CloudPubSubDeadLetterSourceSubscription: spec.subscription,
    CloudPubSubDeadLetterSourceSubscriptionProject: spec.project,
    CloudPubSubDeadLetterSourceTopicPublishTime: message.publishTime,
  };
  await created(pubsub.createTopic(spec.deadLetter.topic));
  await pubsub.topic(spec.deadLetter.topic).publishMessage({ data: message.data, attributes });
}
