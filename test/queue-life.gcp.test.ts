import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { applyEvidence, executionRef, systemClock, type Execution } from '@runvoy/core';
import { emulatorHost, whyNotEmulated } from '@runvoy/google-fakes';
import { isTerminal, type ExecutionStatusBody } from '@runvoy/protocol';
import { openFirestoreRecords } from '@runvoy/provider-gcp';
import { poll } from '../services/standalone/test/server.ts';
import { titled } from './cloud-run-variants.ts';
import { startEmulatedServer, type EmulatedServer } from './emulated-server.ts';
import { ONE_AT_A_TIME, queueLife } from './queue-life.ts';

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');
const describeHere = why === undefined ? describe : describe.skip;

describeHere(titled('runs on Google Cloud', why), () => {
  queueLife(() => startEmulatedServer({ env: ONE_AT_A_TIME }));
});

describeHere(titled('a processor that dies between an end and the admission of the next run', why), () => {
  let server: EmulatedServer;
  beforeAll(async () => {
    server = await startEmulatedServer({ env: ONE_AT_A_TIME, ticking: false });
  }, 120_000);
  afterAll(async () => server?.[Symbol.asyncDispose]());

  test('leaves it to the next tick, whoever carries that out', async () => {
    const records = openFirestoreRecords({
      projectId: server.stack.project,
      databaseId: 'runvoy',
      collectionPrefix: 'runvoy-',
      host: emulatorHost('FIRESTORE_EMULATOR_HOST'),
    });
    try {
      const stored = async (id: string): Promise<Execution> => (await records.get(executionRef(id)))!.value;
      const first = await server.run('echo first; sleep 1');
      const second = await server.run('echo second');
      await server.until(first.execution_id, ({ status }) => status === 'RUNNING');
      await server.stack.killInstance('processor', server.stack.instances('processor')[0]!);
      // The intake still hears the runner; nobody sees that its task is gone.
      const reported = await poll(async () => {
        const execution = await stored(first.execution_id);
        return execution.facts.report ? execution : undefined;
      });
      const { bound } = reported.facts;
      const end = {
        platform_execution: bound?.platform_execution ?? '',
        at_ms: systemClock.now(),
        kind: 'exited' as const,
      };
      // What the processor stored as its last act.
      const ended = await applyEvidence({ records, clock: systemClock }, first.execution_id, [
        { kind: 'platform_ended', attempt: bound!.attempt, end },
      ]);
      expect(isTerminal(ended.status)).toBe(true);
      expect((await stored(second.execution_id)).waiting).toBe(true);
      const path = `/api/v1/executions/${second.execution_id}/status`;
      expect(await server.call<ExecutionStatusBody>('GET', path)).toMatchObject({ queue: { place: 1, waiting: 1 } });

      await server.stack.addInstance('processor');
      await server.stack.tick();
      expect(await server.finished(second.execution_id)).toMatchObject({ status: 'SUCCEEDED' });
    } finally {
      await records.close();
    }
  }, 120_000);
});
