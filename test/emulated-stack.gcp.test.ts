import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { whyNotEmulated } from '@runvoy/google-fakes';
import { follow, texts } from '../services/standalone/test/follower.ts';
import { poll } from '../services/standalone/test/server.ts';
import { startEmulatedServer, type EmulatedServer } from './emulated-server.ts';
import { firestoreDocuments } from './firestore-documents.ts';

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');
const title = `a deployment on Google's emulators${why === undefined ? '' : ` — skipped: ${why}`}`;

(why === undefined ? describe : describe.skip)(title, () => {
  let server: EmulatedServer;
  beforeAll(async () => {
    server = await startEmulatedServer({ ticking: false });
  }, 120_000);
  afterAll(async () => server?.[Symbol.asyncDispose]());

  /** The platform has told of the end of one more execution. */
  const ends = () =>
    server.stack.google.logging.entries.filter(({ logName }) => logName.endsWith('system_event')).length;

  test('shows a run live through sidecar, intake, Firestore and websocket, and the end by the completion event', async () => {
    const run = await server.run('echo begun; sleep 1; echo done; exit 4');
    const follower = follow(run.websocket_url);
    await follower.line((line) => line.text === 'begun');
    const followed = await follower.done;
    expect(texts(followed)).toEqual(['begun', 'done']);
    expect(followed.end).toMatchObject({ completeness: 'complete' });
    expect(followed.statuses.at(-1)).toMatchObject({ status: 'FAILED', exit_code: 4 });
  });

  test('has the whole log and the right end with the fast lane cut: by stdout, sink, push and processor', async () => {
    const run = await server.run('echo begun; for i in 1 2 3; do sleep 1; echo $i; done; exit 5');
    const follower = follow(run.websocket_url);
    await follower.line((line) => line.text === 'begun');
    server.stack.cut('intake');
    try {
      await follower.line((line) => line.text === '3');
      await poll(async () => {
        const stored = await firestoreDocuments(server.stack.project);
        const execution = stored.find(({ path }) => path === `runvoy-executions/${run.execution_id}`);
        return JSON.stringify(execution).includes('end_record') ? true : undefined;
      });
    } finally {
      // The runner waits 50 s for whoever could still hear of its end.
      server.stack.mend('intake');
    }
    const followed = await follower.done;
    expect(texts(followed)).toEqual(['begun', '1', '2', '3']);
    expect(followed.end).toMatchObject({ completeness: 'complete' });
    expect(followed.statuses.at(-1)).toMatchObject({ status: 'FAILED', exit_code: 5 });
  });

  test('settles a run by the sink’s entry when Eventarc is silent', async () => {
    const { eventarc, events } = server.stack.doors;
    eventarc.conveyor.pause();
    const before = events.answers.length;
    const run = await server.run('true');
    expect(await server.finished(run.execution_id)).toMatchObject({ status: 'SUCCEEDED' });
    expect(events.answers.length).toBeGreaterThan(before);
    eventarc.conveyor.resume();
  });

  test('settles a run by the tick when no completion event comes', async () => {
    const { eventarc } = server.stack.doors;
    const { sinks } = server.stack.google;
    eventarc.conveyor.pause();
    sinks.events.plan('drop', { times: 1 });
    const before = ends();
    const run = await server.run('exit 6');
    await poll(() => (ends() > before ? true : undefined));
    expect((await server.until(run.execution_id, () => true)).status).toBe('RUNNING');
    expect(await server.stack.tick()).toBe(204);
    expect(await server.finished(run.execution_id)).toMatchObject({ status: 'FAILED', exit_code: 6 });
    eventarc.conveyor.resume();
  });

  test('asks for no permission that the table does not grant, not in its hourly sweep either', async () => {
    expect(await server.stack.sweep()).toBe(204);
    expect(server.stack.google.iam.refused()).toEqual([]);
  });
});
