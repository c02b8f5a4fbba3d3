import { EventEmitter, once } from 'node:events';
import { PubSub, type Message, type Subscription } from '@google-cloud/pubsub';
import { emulatorHost } from '@runvoy/google-fakes';

/** Everything that is published to some topics from now on. */
export interface RecordedMessages extends AsyncDisposable {
  readonly messages: readonly RecordedMessage[];
  /** Resolves when a message whose data has this text is recorded, or was. */
  includes(text: string): Promise<void>;
}

interface RecordedMessage {
  readonly topic: string;
  readonly data: string;
  readonly attributes: object;
}

/** Subscribes to the topics of a project beside the subscriptions that are there. */
export async function recordMessages(project: string, topics: readonly string[]): Promise<RecordedMessages> {
  const apiEndpoint = emulatorHost('PUBSUB_EMULATOR_HOST');
  const client = new PubSub({ projectId: project, apiEndpoint, emulatorMode: true });
  const messages: RecordedMessage[] = [];
  const arrivals = new EventEmitter();
  const subscriptions: Subscription[] = [];
  for (const topic of topics) {
    const [subscription] = await client.createSubscription(topic, `${topic}-recorded`);
    subscription.on('message', (message: Message) => {
      message.ack();
      messages.push({ topic, data: message.data.toString(), attributes: message.attributes });
      arrivals.emit('message');
    });
    subscription.on('error', () => undefined);
    subscriptions.push(subscription);
  }
  return {
    messages,
    async includes(text) {
      while (!messages.some(({ data }) => data.includes(text))) await once(arrivals, 'message');
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
      await client.close();
    },
  };
}
