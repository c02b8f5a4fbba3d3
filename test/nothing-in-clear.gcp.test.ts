import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { whyNotEmulated } from '@runvoy/google-fakes';
import { follow, texts } from '../services/standalone/test/follower.ts';
import { TOPICS } from '../tools/emulated/deployment.ts';
import { startEmulatedServer, type EmulatedServer } from './emulated-server.ts';
import { firestoreDocuments } from './firestore-documents.ts';
import { bootstrapAs, executionNames, heldRun } from './held-run.ts';
import { recordMessages, type RecordedMessages } from './recorded-messages.ts';

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');
const title = `what a run is given${why === undefined ? '' : ` — skipped: ${why}`}`;

/** In every form in which a value could lie somewhere and still be read. */
function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  // Inside other bytes, base64 has three forms; what depends on the neighbours is cut off.
  const shifted = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return text.slice(shift === 0 ? 0 : 4, -4);
  });
  return [value, bytes.toString('hex'), encodeURIComponent(value), ...shifted];
}

(why === undefined ? describe : describe.skip)(title, () => {
  let server: EmulatedServer;
  let published: RecordedMessages;
  beforeAll(async () => {
    server = await startEmulatedServer({ ticking: false, env: { RUNVOY_LOG_LEVEL: 'DEBUG' } });
    published = await recordMessages(server.stack.project, Object.values(TOPICS));
  }, 120_000);
  afterAll(async () => {
    await published?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const documents = () => firestoreDocuments(server.stack.project);

  /** Everything that anybody could read of this deployment from outside, by the place where it lies. */
  async function everythingRecorded(): Promise<Readonly<Record<string, string>>> {
    const { google, ready } = server.stack;
    const logs = readdirSync(ready.data_dir).map((file) => readFileSync(join(ready.data_dir, file), 'utf8'));
    return {
      'Cloud Run': readable(google.cloudRun.calls),
      Logging: readable(google.logging.entries),
      'Pub/Sub': readable(published.messages),
      Firestore: readable(await documents()),
      'Secret Manager': readable(google.secretCalls),
      'service logs': logs.join('\n'),
    };
  }

  test('lies nowhere in clear, before the end or after; the command in its record alone', async () => {
    const plain = 'plain-value-“1”-of-%env';
    const secret = 'sEcret/value+2=of&env';
    const gate = join(server.sharedDirectory, 'gate');
    const command = `: ${MARKER}; printf %s $PLAIN | wc -c; echo got $API_TOKEN; until [ -e ${gate} ]; do sleep 0.1; done`;
    const run = await server.run({ command, env: { PLAIN: plain, API_TOKEN: secret } });
    const follower = follow(run.websocket_url);
    await follower.line((line) => line.text === 'got ***');
    // The other lane may come later.
    await published.includes('got ***');
    const during = await everythingRecorded();
    writeFileSync(gate, '');
    expect(texts(await follower.done)).toContain(String(Buffer.byteLength(plain)));
    await server.finished(run.execution_id);
    const afterwards = await everythingRecorded();

    // Sealed, the values are there while they are needed, and gone with the end.
    const input = `runvoy-run-inputs/${run.execution_id}`;
    expect([during['Firestore']!.includes(input), afterwards['Firestore']!.includes(input)]).toEqual([true, false]);
    for (const everything of [during, afterwards]) {
      expect(Object.values(everything).map((text) => text.length > 100)).toEqual(Array(6).fill(true));
      expect(placesOf(everything, plain)).toEqual([]);
      expect(placesOf(everything, secret)).toEqual([]);
      // That it begins is a line of the log, in either lane; what it is, is not.
      expect(placesOf(everything, HEAD)).toEqual(['Logging', 'Pub/Sub', 'Firestore']);
      expect(placesOf(everything, MARKER)).toEqual(['Firestore']);
    }
    const stored = (await documents()).filter((document) => readable(document).includes(MARKER));
    expect(stored.map(({ path }) => path.split('/')[0])).toEqual(['runvoy-executions']);
  });

  test('would be found, in whatever bytes it lay', () => {
    for (const before of ['', 'a', 'ab', 'abc']) {
      const lying = Buffer.from(`${before}the value itself and more`).toString('base64');
      expect(placesOf({ here: lying, there: 'nothing' }, 'the value itself')).toEqual(['here']);
    }
  });

  test('is given again to the runner that lost the answer, to no second one, whose try ends the run', async () => {
    const run = await heldRun(server, { command: 'echo held', env: { GREETING: 'hi' } });
    const first = await bootstrapAs(server, run);
    expect([first.status, JSON.parse(first.text)]).toMatchObject([
      200,
      { command: 'echo held', env: { GREETING: 'hi' } },
    ]);
    expect(await bootstrapAs(server, run)).toEqual(first);
    const second = await bootstrapAs(server, run, { nonce: '2'.repeat(32) });
    expect([second.status, second.text]).toEqual([403, expect.not.stringContaining('echo held')]);
    // The intake may cancel nothing: the tick does.
    expect(await server.stack.tick()).toBe(204);
    expect(await server.finished(run.id)).toMatchObject({ status: 'FAILED', reason: 'bootstrap_conflict' });
    expect((await bootstrapAs(server, run)).status).toBe(410);
  });

  test('is given to no runner that the platform knows as another execution, whose try ends the run', async () => {
    const [run, other] = [await heldRun(server, { command: 'echo held' }), await heldRun(server, { command: 'true' })];
    const names = await executionNames(server);
    for (const platform_execution of [names.get(other.id)!, `${names.get(run.id)!.slice(0, -5)}zzzzz`]) {
      const lie = await bootstrapAs(server, run, { platform_execution });
      expect([lie.status, lie.text]).toEqual([403, expect.not.stringContaining('echo held')]);
    }
    const itself = await bootstrapAs(server, run, { platform_execution: names.get(run.id)! });
    expect([itself.status, itself.text]).toEqual([403, expect.not.stringContaining('echo held')]);
    expect(await server.stack.tick()).toBe(204);
    expect(await server.finished(run.id)).toMatchObject({ status: 'FAILED', reason: 'bootstrap_conflict' });
    // The other one is as if nobody had named it.
    expect(await bootstrapAs(server, other, { platform_execution: names.get(other.id)! })).toMatchObject({
      status: 200,
    });
  });

  test('is given to a runner when the platform does not say which one it is, as soon as it does', async () => {
    const run = await heldRun(server, { command: 'echo held' });
    const platform_execution = (await executionNames(server)).get(run.id)!;
    const { faults } = server.stack.google.cloudRun;
    for (let times = 0; times < 4; times += 1) faults.calls.next({ method: 'GetExecution', code: status.UNAVAILABLE });
    expect((await bootstrapAs(server, run, { platform_execution })).status).toBe(503);
    expect((await bootstrapAs(server, run, { platform_execution })).status).toBe(200);
  });

  test('is started once when the platform accepts it and answers 503', async () => {
    const { faults, calls } = server.stack.google.cloudRun;
    faults.calls.next({ method: 'RunJob', code: status.UNAVAILABLE, afterwards: true });
    const before = calls.filter(({ method }) => method === 'RunJob').length;
    const run = await server.run('echo once');
    const followed = await follow(run.websocket_url).done;
    expect(texts(followed)).toEqual(['once']);
    expect(await server.finished(run.execution_id)).toMatchObject({ status: 'SUCCEEDED', exit_code: 0 });
    expect(await server.stack.tick()).toBe(204);
    expect(calls.filter(({ method }) => method === 'RunJob')).toHaveLength(before + 1);
  });
});

const MARKER = 'marker-of-the-command';
/** The log says that it is run. */
const HEAD = '### runvoy runner: command => ';

/** Where a value lies in any of its forms. */
function placesOf(everything: Readonly<Record<string, string>>, value: string): readonly string[] {
  const forms = formsOf(value);
  return Object.keys(everything).filter((place) => forms.some((form) => everything[place]!.includes(form)));
}

/** Bytes as the text they are. */
function readable(what: unknown): string {
  return JSON.stringify(what, (key, value: unknown) => {
    if (key === 'bytesValue') return Buffer.from(value as string, 'base64').toString();
    const { type, data } = (value ?? {}) as { readonly type?: unknown; readonly data?: readonly number[] };
    return type === 'Buffer' && Array.isArray(data) ? Buffer.from(data).toString() : value;
  });
}
