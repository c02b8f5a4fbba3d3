import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { whyNotEmulated, type LogEntry } from '@runvoy/google-fakes';
import type { LogsBody, RunnerSession } from '@runvoy/protocol';
import { poll } from '../services/standalone/test/server.ts';
import { startEmulatedServer, newProject, type EmulatedServer } from './emulated-server.ts';
import { firestoreDocuments } from './firestore-documents.ts';
import { FORGED_CALLERS, type Wanted } from './forged-callers.ts';
import { bootstrapAs, heldRun, jobIdentity, messagesOf, postToIntake, sessionOf, type HeldRun } from './held-run.ts';

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');
const title = `whoever calls without being who may${why === undefined ? '' : ` — skipped: ${why}`}`;
const ROUTES = ['/events', '/events/logs', '/events/tick', '/events/dead-letters'] as const;

(why === undefined ? describe : describe.skip)(title, () => {
  const project = newProject();
  const job = `runvoy-job@${project}.iam.gserviceaccount.com`;
  const otherJob = `runvoy-job-two@${project}.iam.gserviceaccount.com`;
  let server: EmulatedServer;
  let exposed: string;
  /** Two runs that wait for their runners: nothing of them changes by itself. */
  let held: HeldRun;
  let other: HeldRun;

  beforeAll(async () => {
    const env = { RUNVOY_GCP_JOB_SERVICE_ACCOUNTS: `${job},${otherJob}` };
    server = await startEmulatedServer({ project, ticking: false, env });
    const { host } = await server.stack.startExposed('processor', { RUNVOY_GCP_CALLER_CHECK: 'signature' });
    exposed = `http://${host}`;
    held = await heldRun(server, { command: 'echo held' });
    other = await heldRun(server, { command: 'echo other' });
    // A look keeps the names that the platform gave them: from then on their records stand still.
    await server.stack.tick();
    expect(await namesStored()).toBe(2);
  }, 120_000);
  afterAll(async () => server?.[Symbol.asyncDispose]());

  const documents = () => firestoreDocuments(project);

  async function namesStored(): Promise<number | undefined> {
    const stored = JSON.stringify((await documents()).filter(({ path }) => path.startsWith('runvoy-executions/')));
    return stored.match(/platform_execution/g)?.length;
  }

  const carrier = (): Wanted => ({
    issuer: server.stack.google.issuer,
    account: server.stack.accounts.caller,
    audience: server.stack.urls.processor,
    own: server.stack.accounts.job,
  });

  /** What a container of the held run printed, as a sink sends it: taken in, it becomes a note of that execution. */
  const post = async (url: string, headers: Readonly<Record<string, string>>) => {
    const entry = {
      logName: `projects/${project}/logs/run.googleapis.com%2Fstdout`,
      resource: { type: 'cloud_run_job', labels: { job_name: 'rv-aaaaaaaaaaaaaaaaaaaa' } },
      labels: { 'run.googleapis.com/execution_name': 'rv-aaaaaaaaaaaaaaaaaaaa-zzzzz' },
      insertId: 'i',
      timestamp: new Date().toISOString(),
      textPayload: 'printed',
    };
    const message = { data: Buffer.from(JSON.stringify(entry)).toString('base64'), messageId: '1' };
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ message, subscription: 's' }),
    });
    await answer.arrayBuffer();
    return answer.status;
  };

  describe.each(ROUTES)('of %s', (route) => {
    test.each(FORGED_CALLERS)('with $name changes nothing, nor does it where everybody may call', async (forged) => {
      const before = await documents();
      const headers = forged.headers(carrier());
      const statuses = [await post(server.stack.urls.processor + route, headers), await post(exposed + route, headers)];
      expect(statuses).toEqual([forged.private, forged.public]);
      expect(await documents()).toEqual(before);
    });

    test('is heard with the carrier’s token, in either place', async () => {
      const { issuer, account, audience } = carrier();
      const headers = { authorization: `Bearer ${issuer.idToken(account, audience)}` };
      const before = await documents();
      expect(await post(server.stack.urls.processor + route, headers)).toBe(204);
      expect(await post(exposed + route, headers)).toBe(204);
      expect(await documents()).not.toEqual(before);
    });
  });

  test('is never believed by a processor that strangers reach: it does not become ready', async () => {
    const { host } = await server.stack.startExposed('processor', {
      RUNVOY_PROCESSOR_URL: server.stack.urls.orchestrator,
    });
    const answer = await fetch(`http://${host}/ready`);
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('caller check')]);
  });

  describe('to bootstrap', () => {
    const wanted = (): Wanted => ({
      issuer: server.stack.google.issuer,
      account: held.account,
      audience: server.stack.urls.intake,
      own: server.stack.accounts.caller,
    });

    test.each(FORGED_CALLERS)('with $name and the right token of the run gets and changes nothing', async (forged) => {
      const before = await documents();
      const { status, text } = await bootstrapAs(server, held, { headers: forged.headers(wanted()) });
      expect(status).toBe(forged.public);
      expect(text).not.toContain('echo held');
      expect(await documents()).toEqual(before);
    });

    test.each([
      ['as another account that jobs may run as', () => ({ headers: jobIdentity(server, otherJob) })],
      ['with the token of another run', () => ({ token: other.token })],
      ['with a made-up token', () => ({ token: 'x'.repeat(43) })],
    ])('%s gets and changes nothing', async (_, forged) => {
      const before = await documents();
      const { status, text } = await bootstrapAs(server, held, forged());
      expect([status, text]).toEqual([403, expect.stringContaining('BOOTSTRAP_REFUSED')]);
      expect(await documents()).toEqual(before);
    });
  });

  describe('with the session of another execution', () => {
    let session: RunnerSession;
    beforeAll(async () => {
      session = await sessionOf(server, other);
      await sessionOf(server, held);
    });

    test.each(['logs', 'heartbeat', 'finished'] as const)('to send %s changes nothing', async (kind) => {
      const before = await documents();
      for (const signedFor of [held, other]) {
        const body = messagesOf(signedFor.id, session, 'forged')[kind];
        expect((await postToIntake(server, { id: held.id, kind, body })).status).toBe(401);
      }
      expect(await documents()).toEqual(before);
    });

    test('prints perfect messages past the runner, and finds them among the unmanaged', async () => {
      const gate = join(server.sharedDirectory, 'gate');
      const run = await server.run(`until [ -e ${gate} ]; do sleep 0.1; done; echo real`);
      const { logging } = server.stack.google;
      const genuine = await poll(() => logging.entries.find((entry) => isRunnersOf(run.execution_id, entry)));
      const { logs, finished } = messagesOf(run.execution_id, session, 'perfectly forged');
      for (const [runvoy, body] of Object.entries({ logs, finished })) {
        const jsonPayload = { runvoy, execution_id: run.execution_id, attempt: 1, body };
        logging.write(printedByCommand(genuine, jsonPayload));
      }
      const notes = await poll(async () => {
        const text = JSON.stringify(
          (await documents()).filter(({ path }) => path.startsWith('runvoy-platform-notes/')),
        );
        return text.includes('perfectly forged') && text.includes('exit_code') ? text : undefined;
      });
      expect(notes).toContain('unmanaged');
      expect((await server.until(run.execution_id, () => true)).status).toBe('RUNNING');
      writeFileSync(gate, '');
      expect(await server.finished(run.execution_id)).toMatchObject({ status: 'SUCCEEDED', exit_code: 0 });
      const log = await server.call<LogsBody>('GET', `/api/v1/executions/${run.execution_id}/logs?after=0`);
      expect(log).toMatchObject({ completeness: 'complete', status: 'SUCCEEDED' });
      expect(log.events!.filter(({ message }) => /^real$|forged/.test(message))).toMatchObject([{ message: 'real' }]);
    });
  });

  test('is heard in its own session, so that all of the above could have been', async () => {
    const session = await sessionOf(server, held);
    const { logs, finished } = messagesOf(held.id, session, 'own words');
    expect((await postToIntake(server, { id: held.id, kind: 'logs', body: logs })).status).toBe(200);
    expect((await postToIntake(server, { id: held.id, kind: 'finished', body: finished })).status).toBe(200);
  });
});

/** An entry that the runner printed about this execution. */
function isRunnersOf(executionId: string, { jsonPayload }: LogEntry): boolean {
  return jsonPayload?.['runvoy'] !== undefined && jsonPayload['execution_id'] === executionId;
}

/** What the platform would write of the same task, had the command's container printed this. */
function printedByCommand(genuine: LogEntry, jsonPayload: Record<string, unknown>): LogEntry {
  const labels = { ...genuine.labels, container_name: 'runner' };
  return { ...genuine, labels, insertId: `${genuine.insertId}-${String(jsonPayload['runvoy'])}`, jsonPayload };
}
