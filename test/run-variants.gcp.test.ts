import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { whyNotEmulated } from '@runvoy/google-fakes';
import { follow, texts } from '../services/standalone/test/follower.ts';
import { poll } from '../services/standalone/test/server.ts';
import { CLOUD_RUN_VARIANTS, titled } from './cloud-run-variants.ts';
import { startEmulatedServer, type EmulatedServer } from './emulated-server.ts';
import { livingProcesses } from './run-life.ts';

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');

(why === undefined ? describe : describe.skip)(titled('a run on a Cloud Run that is otherwise', why), () => {
  let server: EmulatedServer;
  beforeAll(async () => {
    server = await startEmulatedServer({ ticking: false });
  }, 120_000);
  afterAll(async () => server?.[Symbol.asyncDispose]());

  for (const variant of CLOUD_RUN_VARIANTS)
    (variant.why === undefined ? describe : describe.skip)(titled(variant.name, variant.why), () => {
      beforeAll(() => server.stack.google.cloudRun.choose(variant.choices([server.sharedDirectory])));

      test('has all of its output and its own exit code', async () => {
        const [good, bad] = await Promise.all([
          server.run('seq 1 300; printf tail'),
          server.run('echo out; echo err >&2; exit 7'),
        ]);
        const [followedGood, followedBad] = await Promise.all([good, bad].map((run) => follow(run.websocket_url).done));
        expect(texts(followedGood!)).toEqual([...Array.from({ length: 300 }, (_, at) => String(at + 1)), 'tail']);
        expect(followedGood!.statuses.at(-1)).toMatchObject({ status: 'SUCCEEDED', exit_code: 0 });
        expect([texts(followedBad!, 'stdout'), texts(followedBad!, 'stderr')]).toEqual([['out'], ['err']]);
        expect(followedBad!.statuses.at(-1)).toMatchObject({ status: 'FAILED', exit_code: 7 });
        for (const { end } of [followedGood!, followedBad!]) expect(end).toMatchObject({ completeness: 'complete' });
      });

      test('tidies up within its grace when it is stopped', async () => {
        const run = await server.run({
          command: `trap 'echo tidied; exit 3' TERM; echo ready; while :; do sleep 0.1; done`,
          grace: 60,
        });
        const follower = follow(run.websocket_url);
        await follower.line((line) => line.text === 'ready');
        await server.call('DELETE', `/api/v1/executions/${run.execution_id}`);
        const followed = await follower.done;
        // The shell may say on stderr that its sleep was ended, too.
        expect(texts(followed, 'stdout')).toEqual(['ready', 'tidied']);
        expect(followed.statuses.at(-1)).toMatchObject({ status: 'STOPPED' });
        expect(followed.end).toMatchObject({ completeness: 'complete' });
      });

      test('is ended at its timeout, with all that it started, whatever ignores its signals', async () => {
        const run = await server.run({
          command: `trap '' TERM; (while :; do sleep 0.1; done) & echo begun; while :; do sleep 0.1; done`,
          timeout: 1,
          grace: 1,
        });
        expect(await server.finished(run.execution_id)).toMatchObject({
          status: 'FAILED',
          exit_code: 124,
          reason: 'timeout',
        });
        await poll(() => (livingProcesses(run.execution_id).length === 0 ? true : undefined));
      });

      test('does not wait for what it leaves in the background', async () => {
        const run = await server.run('sleep 600 & echo left; exit 5');
        const followed = await follow(run.websocket_url).done;
        expect(texts(followed)).toEqual(['left']);
        expect(followed.statuses.at(-1)).toMatchObject({ status: 'FAILED', exit_code: 5 });
        await poll(() => (livingProcesses(run.execution_id).length === 0 ? true : undefined));
      });
    });
});
