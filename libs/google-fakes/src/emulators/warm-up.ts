import { randomUUID } from 'node:crypto';
import { PubSub } from '@google-cloud/pubsub';

const PROJECT = 'runvoy-warm-up';
const WITHIN_MS = 60_000;

/**
 * Resolves once a message went through a topic of the Pub/Sub emulator and out of a streaming pull, which takes a cold JVM on
 * a busy machine many seconds after its port answers. Rejects, saying so, when none came within 60 s.
 */
export async function warmUpPubSub(host: string): Promise<void> {
  const pubsub = new PubSub({ projectId: PROJECT, apiEndpoint: host, emulatorMode: true });
  const name = `warm-up-${randomUUID()}`;
  const came = Promise.withResolvers<void>();
  const limit = setTimeout(
    () =>
      came.reject(new Error(`The Pub/Sub emulator on ${host} let no message through within ${WITHIN_MS / 1_000} s.`)),
    WITHIN_MS,
  );
  try {
    const [topic] = await pubsub.createTopic(name);
    const [subscription] = await topic.createSubscription(name);
    subscription.on('message', (message: { ack(): void }) => {
      message.ack();
      came.resolve();
    });
    subscription.on('error', came.reject);
    // One that was published before the stream stood may come late: the emulator hands it out when the next one comes.
    const again = setInterval(() => void topic.publishMessage({ data: Buffer.from('warm') }).catch(() => {}), 500);
    await came.promise.finally(() => clearInterval(again));
    await subscription.close();
    await subscription.delete();
    await topic.delete();
  } finally {
    clearTimeout(limit);
    await pubsub.close();
  }
}

/** Resolves once the Firestore emulator has stored a document and answered it. Rejects, saying so, when it has not within 60 s. */
export async function warmUpFirestore(host: string): Promise<void> {
  const url = `http://${host}/v1/projects/${PROJECT}/databases/(default)/documents/warm-up/${randomUUID()}`;
  const call = { headers: { authorization: 'Bearer owner', 'content-type': 'application/json' } };
  const signal = AbortSignal.timeout(WITHIN_MS);
  for (const method of ['PATCH', 'GET', 'DELETE']) {
    const answer = await fetch(url, {
      ...call,
      method,
      signal,
      ...(method === 'PATCH' ? { body: '{"fields":{}}' } : {}),
    });
    if (!answer.ok)
      throw new Error(`The Firestore emulator on ${host} answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  }
}
