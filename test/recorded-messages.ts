import { PubSub, type Message, type Subscription } from '@google-cloud/pubsub';
import { emulatorHost } from '@runvoy/google-fakes';

/** Everything that is published to some topics from now on. */
export interface RecordedMessages extends AsyncDisposable {
  readonly messages: readonly { readonly topic: string; readonly data: string; readonly attributes: object }[];
}

/** Subscribes to the topics of a project beside the subscriptions that are there. */
export async function recordMessages(project: string, topics: readonly string[]): Promise<RecordedMessages> {
  const apiEndpoint = emulatorHost('PUBSUB_EMULATOR_HOST');
  const client = new PubSub({ projectId: project, apiEndpoint, emulatorMode: true });
  const messages: { topic: string; data: string; attributes: object }[] = [];
  const subscriptions: Subscription[] = [];
  for (const topic of topics) {
    const [subscription] = await client.createSubscription(topic, `${topic}-recorded`);
    subscription.on('message', (message: Message) => {
      message.ack();
      messages.push({ topic, data: message.data.toString(), attributes: message.attributes });
    });
    subscription.on('error', () => undefined);
    subscriptions.push(subscription);
  }
  return {
    messages,
    async [Symbol.asyncDispose]() {
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
      await client.close();
    },
  };
}
