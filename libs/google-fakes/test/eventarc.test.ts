import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTokenIssuer, fakeLogging, fasterPace, openAuditTrigger } from '@runvoy/google-fakes';
import type { FakeLogging, OpenTrigger, Pace } from '@runvoy/google-fakes';
import { recordingServer } from './recording-server.ts';
import { completionEntry, printedEntry } from './sample-entries.ts';
import { until } from './until.ts';

const issuer = createTokenIssuer();

describe('the fake Eventarc', () => {
  let logging: FakeLogging;
  let server: Awaited<ReturnType<typeof recordingServer>>;
  let trigger: OpenTrigger;
  let waits: number[];

  async function open(...statuses: number[]): Promise<void> {
    server = await recordingServer(...statuses);
    waits = [];
    const faster = fasterPace(100_000);
    const pace: Pace = { now: () => faster.now(), sleep: (ms, signal) => (waits.push(ms), faster.sleep(ms, signal)) };
    trigger = openAuditTrigger(
      {
        serviceName: 'run.googleapis.com',
        methodName: '/Jobs.RunJob',
        destination: `${server.url}/events`,
        serviceAccount: 'caller@p',
      },
      { logging, mintToken: issuer.idToken, pace },
    );
  }

  beforeEach(() => {
    logging = fakeLogging();
  });
  afterEach(async () => {
    await trigger.stop();
    await server.stop();
    await logging[Symbol.asyncDispose]();
  });

  test('an audit entry of the method becomes an event in binary mode, signed as the account', async () => {
    await open(204);
    logging.write(printedEntry());
    logging.write(completionEntry({ protoPayload: { ...completionEntry().protoPayload, methodName: 'Jobs.RunJob' } }));
    logging.write(completionEntry());
    await until('the delivery', () => trigger.answers.length > 0);
    expect(server.requests).toHaveLength(1);
    const [{ headers, body, path }] = server.requests as [(typeof server.requests)[number]];
    expect(path).toBe('/events');
    expect(JSON.parse(body)).toEqual(completionEntry());
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'ce-type': 'google.cloud.audit.log.v1.written',
      'ce-specversion': '1.0',
      'ce-source': '//cloudaudit.googleapis.com/projects/p/logs/system_event',
      'ce-subject': 'run.googleapis.com/namespaces/p/executions/rv-abc-x7k2p',
      'ce-methodname': '/Jobs.RunJob',
    });
    const claims = JSON.parse(Buffer.from(String(headers['authorization']).split('.')[1]!, 'base64url').toString());
    expect(claims).toMatchObject({ email: 'caller@p', aud: server.url });
  });

  test('an event that is refused comes again, each pause twice the one before, up to ten minutes', async () => {
    await open(...Array.from({ length: 9 }, () => 503), 200);
    logging.write(completionEntry());
    await until('the tenth delivery', () => trigger.answers.length === 10);
    expect(waits).toEqual([10, 20, 40, 80, 160, 320, 600, 600, 600].map((s) => s * 1_000));
    expect(new Set(server.requests.map(({ headers }) => headers['ce-id'])).size).toBe(1);
    await until('nothing outstanding', () => trigger.outstanding === 0);
  });

  test('events are dropped, doubled and overtaken when told', async () => {
    await open(204);
    trigger.conveyor.plan('drop');
    trigger.conveyor.plan('duplicate');
    trigger.conveyor.plan('reorder');
    for (const insertId of ['a', 'b', 'c', 'd']) logging.write(completionEntry({ insertId }));
    await until('four deliveries', () => trigger.answers.length === 4);
    expect(trigger.answers.map(({ insertId }) => insertId).toSorted()).toEqual(['b', 'b', 'c', 'd']);
    expect(trigger.conveyor.dropped.map(({ insertId }) => insertId)).toEqual(['a']);
  });
});
