import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { whyNotEmulated } from '@runvoy/google-fakes';
import type { LogEntry } from '@runvoy/google-fakes';
import { poll } from '../services/standalone/test/server.ts';
import type { Role } from '../tools/emulated/deployment.ts';
import { titled } from './cloud-run-variants.ts';
import { startEmulatedServer, type EmulatedServer } from './emulated-server.ts';
import { followSteadily, type SteadyFollower } from './steady-follower.ts';

// Dozens of processes, on a machine that may be busy with others.
jest.setTimeout(180_000);

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');
const ROLES: readonly Role[] = ['orchestrator', 'processor', 'intake', 'websocket'];
const LINES = 300;
const TEXTS = Array.from({ length: LINES }, (_, at) => `line ${at}`);
const CHATTY = `i=0; while [ $i -lt ${LINES} ]; do echo "line $i"; i=$((i+1)); sleep 0.05; done; exit 5`;

(why === undefined ? describe : describe.skip)(titled('two instances of each service', why), () => {
  let server: EmulatedServer;
  beforeAll(async () => {
    server = await startEmulatedServer({ instances: 2, ticking: false });
  });
  afterAll(async () => server?.[Symbol.asyncDispose]());

  /** A run that writes all the while, with two followers on each websocket instance: connections go to them by turns. */
  async function startChatty() {
    const run = await server.run(CHATTY);
    const followers = Array.from({ length: 4 }, () => followSteadily(run.websocket_url));
    await reached(followers, 20);
    return { id: run.execution_id, followers };
  }

  async function expectWhole(id: string, followers: readonly SteadyFollower[]) {
    for (const { end, status } of await Promise.all(followers.map((follower) => follower.done))) {
      expect(end).toMatchObject({ completeness: 'complete' });
      expect(status).toBe('FAILED');
    }
    for (const { lines, wrong } of followers) {
      expect(wrong).toEqual([]);
      expect(lines.filter(({ stream }) => stream !== 'system').map(({ text }) => text)).toEqual(TEXTS);
      expect(lines).toEqual(followers[0]!.lines);
    }
    expect(await server.finished(id)).toMatchObject({ status: 'FAILED', exit_code: 5 });
    const started = server.stack.google.cloudRun.calls.filter(
      ({ method, request }) => method === 'RunJob' && JSON.stringify(request).includes(id),
    );
    expect(started).toHaveLength(1);
  }

  /** The command has written that line, whoever may know of it: it stands in the platform's own log. */
  const written = (id: string, number: number) =>
    poll(() => server.stack.google.logging.entries.some((entry) => isOutput(entry, id, number)) || undefined);

  test('lose and double no line when one of each is killed while a run writes, and the run ends right', async () => {
    const { id, followers } = await startChatty();
    let at = 40;
    for (const role of ROLES) {
      await server.stack.killInstance(role, server.stack.instances(role)[0]!);
      await reached(followers, (at += 40));
    }
    await expectWhole(id, followers);
    // Some were on the instance that was killed, and some were not.
    const cutOff = followers.filter(({ connections }) => connections > 1).length;
    expect([1, 2, 3]).toContain(cutOff);
    await Promise.all(ROLES.map((role) => server.stack.addInstance(role)));
  });

  test('lose and double no line when all of them have no CPU for a while', async () => {
    const { id, followers } = await startChatty();
    const all = ROLES.flatMap((role) => server.stack.instances(role));
    for (const [from, to] of [
      [40, 90],
      [140, 190],
    ] as const) {
      await reached(followers, from);
      for (const instance of all) instance.freeze();
      try {
        await written(id, to);
      } finally {
        for (const instance of all) instance.thaw();
      }
    }
    await expectWhole(id, followers);
  });

  test('lose and double no line when the intake is away for a while and all that comes by the sinks comes twice and in another order', async () => {
    const { sinks } = server.stack.google;
    let turn = 0;
    const odd = () => turn++ % 2 === 1;
    sinks.logs.plan('reorder', { to: odd, times: LINES });
    sinks.logs.plan('duplicate', { times: LINES });
    sinks.events.plan('duplicate');
    server.stack.doors.eventarc.conveyor.plan('duplicate');
    try {
      const { id, followers } = await startChatty();
      server.stack.cut('intake');
      await written(id, 150).finally(() => server.stack.mend('intake'));
      await expectWhole(id, followers);
    } finally {
      sinks.logs.clearPlans();
      sinks.logs.release();
      sinks.events.clearPlans();
      server.stack.doors.eventarc.conveyor.clearPlans();
    }
  });

  test('ask for no permission that the table does not grant', () => {
    expect(server.stack.google.iam.refused()).toEqual([]);
  });
});

const reached = (followers: readonly SteadyFollower[], number: number) =>
  Promise.all(followers.map((follower) => follower.line(({ text }) => text === `line ${number}`)));

/** Whether the sidecar printed that line of the run. */
function isOutput({ logName, jsonPayload }: LogEntry, id: string, number: number): boolean {
  if (!logName.endsWith('stdout') || jsonPayload?.['execution_id'] !== id) return false;
  return new RegExp(`line ${number}\\\\?"`).test(JSON.stringify(jsonPayload));
}
