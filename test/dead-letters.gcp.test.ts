import { PubSub } from '@google-cloud/pubsub';
import { describe, expect, test } from '@jest/globals';
import { emulatorHost, whyNotEmulated } from '@runvoy/google-fakes';
import { openPubSubEventBus } from '@runvoy/provider-gcp';
import type { DeadLetterBody, DeadLetterDetails, ListDeadLettersAnswer, ReplayAnswer } from '@runvoy/protocol';
import { poll } from '../services/standalone/test/server.ts';
import { TOPICS } from '../tools/emulated/deployment.ts';
import { startEmulatedServer, type EmulatedServer } from './emulated-server.ts';

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');
const title = `events that nobody could carry out, in a deployment${why === undefined ? '' : ` — skipped: ${why}`}`;
const PATH = '/api/v1/dead-letters';

const listed = (server: EmulatedServer, is: (letters: readonly DeadLetterBody[]) => boolean) =>
  poll(async () => {
    const { dead_letters } = await server.call<ListDeadLettersAnswer>('GET', PATH);
    return is(dead_letters) ? dead_letters : undefined;
  });

const event = (id: string, data: unknown) => ({
  specversion: '1.0' as const,
  id,
  source: '/test',
  type: 'dev.runvoy.execution.look.v1',
  time: '2026-01-01T00:00:00.000Z',
  datacontenttype: 'application/json' as const,
  data,
});

(why === undefined ? describe : describe.skip)(title, () => {
  test('are listed with their reason, replayed once, and dropped, whichever service put them aside', async () => {
    await using server = await startEmulatedServer({ ticking: false });
    const endpoint = emulatorHost('PUBSUB_EMULATOR_HOST');
    await using bus = openPubSubEventBus({ project: server.stack.project, topic: TOPICS.events, endpoint });
    const nobody = 'c'.repeat(32);

    // Poison: the processor puts it aside at its first delivery.
    await bus.publish(event('poison', { execution_id: nobody }));
    const [poison] = await listed(server, (letters) => letters.length === 1);
    expect(poison).toMatchObject({ event_id: 'poison', route: '/events', reason: expect.stringContaining(nobody) });
    const shown = await server.call<DeadLetterDetails>('GET', `${PATH}/${poison!.dead_letter_id}`);
    expect(shown.event).toEqual(event('poison', { execution_id: nobody }));

    // The cause is still there: sent again, it dies again, and is open again under the same id.
    const replayed = await server.call<ReplayAnswer>('POST', `${PATH}/${poison!.dead_letter_id}/replay`);
    expect(replayed).toMatchObject({ state: 'replayed', sent: true, settled: { by: server.stack.ready.admin_email } });
    const again = await listed(server, (letters) => letters[0]?.deaths === 2);
    expect(again).toMatchObject([{ dead_letter_id: poison!.dead_letter_id, replays: 1 }]);

    // What Pub/Sub gave up by itself comes in its own form; that it does so is tested with its fake.
    const subscription = `${TOPICS.logs}-push`;
    const data = Buffer.from(JSON.stringify({ logName: 'projects/p/logs/x', insertId: 'entry', textPayload: 'hi' }));
    const attributes = {
      CloudPubSubDeadLetterSourceSubscription: subscription,
      CloudPubSubDeadLetterSourceDeliveryCount: '100',
    };
    const client = new PubSub({ projectId: server.stack.project, apiEndpoint: endpoint, emulatorMode: true });
    await client.topic(TOPICS.deadLetters).publishMessage({ data, attributes });
    await client.close();
    const both = await listed(server, (letters) => letters.length === 2);
    expect(both.find(({ event_id }) => event_id === 'entry')).toMatchObject({
      attempts: 100,
      route: '/events/logs',
      reason: 'Refused 100 times by the receiver behind runvoy-logs-push, whose log says why.',
    });

    for (const { dead_letter_id } of both) await server.call('DELETE', `${PATH}/${dead_letter_id}`);
    expect(await server.call('GET', PATH)).toEqual({ dead_letters: [], count: 0 });
  }, 120_000);
});
