import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { whyNotEmulated } from '@runvoy/google-fakes';
import type { ExplainBody } from '@runvoy/protocol';
import { follow } from '../services/standalone/test/follower.ts';
import { poll } from '../services/standalone/test/server.ts';
import { CLOUD_RUN_VARIANTS, titled } from './cloud-run-variants.ts';
import { startEmulatedServer, type EmulatedServer } from './emulated-server.ts';

const SLOW_IMAGE = 'docker.io/library/slow:1';
const MISSING_IMAGE = 'docker.io/library/missing:1';
/** After an end without a report the safety lane is waited for, up to 45 s, and ticks are a minute apart. */
const SETTLING_MS = 180_000;
const OPENING_MS = 120_000;

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');

(why === undefined ? describe : describe.skip)(titled('a run on Google Cloud is explained', why), () => {
  let server: EmulatedServer;
  beforeAll(async () => {
    server = await startEmulatedServer();
    const { cloudRun } = server.stack.google;
    cloudRun.choose(CLOUD_RUN_VARIANTS[0]!.choices([server.sharedDirectory]));
    for (const image of [SLOW_IMAGE, MISSING_IMAGE]) await server.call('POST', '/api/v1/images/register', { image });
  }, OPENING_MS);
  afterAll(async () => server?.[Symbol.asyncDispose]());

  const explain = (id: string) => server.call<ExplainBody>('GET', `/api/v1/executions/${id}/explain`);

  test('that waits for its image says so, as Cloud Run is asked at that moment', async () => {
    const { cloudRun } = server.stack.google;
    cloudRun.choose({ images: { [SLOW_IMAGE]: { rootfs: 'host', cmd: ['/bin/sh'] } } });
    cloudRun.faults.images.set(SLOW_IMAGE, { pullMs: 10_000 });
    const { execution_id: id } = await server.run({ command: 'echo here', image: SLOW_IMAGE });
    const told = await poll(async () => {
      const body = await explain(id);
      return body.waiting_for?.what === 'image_pull' ? body : undefined;
    });
    expect(told).toMatchObject({
      status: 'STARTING',
      summary: 'waiting for its image to be fetched',
      waiting_for: { text: 'The container image is being fetched and is not complete yet.' },
    });
    expect(told.evidence.at(-1)).toMatchObject({
      kind: 'platform_now',
      text: 'Cloud Run was asked just now: it is waiting for its image to be fetched.',
    });
    expect(await server.finished(id)).toMatchObject({ status: 'SUCCEEDED' });
  });

  test(
    'whose image does not exist, and one that used too much memory, say what Cloud Run says of them',
    async () => {
      const missing = await server.run({ command: 'echo never', image: MISSING_IMAGE });
      const greedy = await server.run('echo begun; sleep 600');
      await follow(greedy.websocket_url).line((line) => line.text === 'begun');
      const answered = (await explain(greedy.execution_id)).evidence.find(({ kind }) => kind === 'start_answered');
      const [, name] = /named it (\S+)\./.exec(answered?.text ?? '') ?? [];
      server.stack.google.cloudRun.runOutOfMemory(name ?? '', 'sidecar');
      const [imageless, killed] = await Promise.all(
        [missing, greedy].map(async ({ execution_id: id }) => [await server.finished(id), await explain(id)] as const),
      );
      expect(imageless![0]).toMatchObject({ status: 'FAILED', reason: 'image_pull' });
      expect(imageless![1].rule).toContain('No runner ever received the command');
      expect(imageless![1].rule).toContain('its image could not be fetched');
      expect(killed![0]).toMatchObject({ status: 'FAILED', reason: 'out_of_memory' });
      expect(killed![1].rule).toContain('The word of the platform stands');
      expect(killed![1].platform_notes.map(({ text }) => text).join()).toContain('Memory limit');
    },
    SETTLING_MS,
  );
});
