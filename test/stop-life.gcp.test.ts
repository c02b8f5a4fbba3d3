import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { livingProcesses } from '@runvoy/core/contracts';
import { whyNotEmulated } from '@runvoy/google-fakes';
import { poll } from '../services/standalone/test/server.ts';
import { titled } from './cloud-run-variants.ts';
import { startEmulatedServer, type EmulatedServer } from './emulated-server.ts';
import { askToStop, begun, stepsOf, stopLife } from './stop-life.ts';

jest.setTimeout(240_000);

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');
const here = why === undefined ? describe : describe.skip;

const NEVER_MS = 3_600_000;
/** gRPC's UNAVAILABLE. */
const UNAVAILABLE = 14;

here(titled('a run on Google Cloud, by two instances of each service', why), () => {
  stopLife(() => startEmulatedServer({ instances: 2 }));
});

here(titled('a stop on Google Cloud', why), () => {
  let server: EmulatedServer;
  beforeAll(async () => {
    server = await startEmulatedServer({
      ticking: false,
      env: { RUNVOY_START_TIMEOUT: '10', RUNVOY_STOP_TIMEOUT: '10' },
    });
  });
  afterAll(async () => server?.[Symbol.asyncDispose]());

  const faults = () => server.stack.google.cloudRun.faults;
  const cancels = () => server.stack.google.cloudRun.calls.filter(({ method }) => method === 'CancelExecution');

  /** Ticks, as the scheduler would, until the run is over. */
  async function ticked(id: string) {
    const over = { is: false };
    const finished = server.finished(id).finally(() => (over.is = true));
    while (!over.is) {
      await server.stack.tick();
      await Promise.race([finished, new Promise((resolve) => setTimeout(resolve, 1_000))]);
    }
    return finished;
  }

  async function expectNothingRan(id: string) {
    const status = await ticked(id);
    expect(status).toMatchObject({ status: 'STOPPED', exit_code: 130, cancel: { confirmed: expect.any(String) } });
    expect(status.cancel).not.toHaveProperty('signalled');
    expect(livingProcesses(id)).toEqual([]);
  }

  test('of a run that the platform has accepted and not started ends it there', async () => {
    faults().startDelayMs = NEVER_MS;
    const { execution_id: id } = await server.run('echo ran');
    faults().startDelayMs = 0;
    expect(await askToStop(server, id)).toBe(200);
    await expectNothingRan(id);
  });

  test('of a run whose image is being pulled ends it there', async () => {
    const image = 'docker.io/library/debian:13';
    faults().images.set(image, { pullMs: NEVER_MS });
    await server.call('POST', '/api/v1/images/register', { image });
    const { execution_id: id } = await server.run({ command: 'echo ran', image });
    expect(await askToStop(server, id)).toBe(200);
    await expectNothingRan(id);
    faults().images.delete(image);
  });

  test('of a start whose outcome is unknown finds what came of it', async () => {
    faults().calls.next({ method: 'RunJob', code: UNAVAILABLE, afterwards: true });
    faults().startDelayMs = NEVER_MS;
    const { execution_id: id, status } = await server.run('echo ran');
    faults().startDelayMs = 0;
    expect(status).toBe('STARTING');
    expect(await askToStop(server, id)).toBe(200);
    await expectNothingRan(id);
  });

  test('of an unknown start that no list shows yet is told to its runner when it asks', async () => {
    faults().calls.next({ method: 'RunJob', code: UNAVAILABLE, afterwards: true });
    faults().listingLagMs = NEVER_MS;
    faults().startDelayMs = 2_000;
    const { execution_id: id } = await server.run('echo ran');
    faults().startDelayMs = 0;
    expect(await askToStop(server, id)).toBe(200);
    await poll(async () => ((await toldToStop(id)) ? true : undefined));
    faults().listingLagMs = 0;
    await expectNothingRan(id);
  });

  /** Its runner has come and gone: the platform's log has its exit. */
  const toldToStop = async (id: string) =>
    server.stack.google.logging.entries.some((entry) => {
      const text = JSON.stringify(entry);
      return text.includes('/Jobs.RunJob') && text.includes('system_event') && text.includes(id);
    });

  test('with a grace beyond the platform’s reaches the command by its runner, which may take all of it', async () => {
    const command = `trap 'sleep 1; echo tidied; exit 0' TERM; echo begun; while :; do sleep 0.1; done`;
    const id = await begun(server, { command, grace: 60 });
    const asked = cancels().length;
    expect(await askToStop(server, id)).toBe(200);
    const status = await server.finished(id);
    expect(status).toMatchObject({ status: 'STOPPED', cancel: { signalled: expect.any(String) } });
    expect(stepsOf(status)).toHaveLength(3);
    expect(cancels()).toHaveLength(asked);
  });

  test('that comes when the command has ended and nobody has said so yet changes nothing', async () => {
    faults().nextEvents('drop');
    const { execution_id: id } = await server.run('exit 3');
    await server.until(id, ({ waiting_for }) => waiting_for === 'platform_end');
    expect(await askToStop(server, id)).toBe(200);
    const status = await ticked(id);
    expect(status).toMatchObject({ status: 'FAILED', exit_code: 3, cancel: { requested: expect.any(String) } });
    expect(status.cancel).not.toHaveProperty('confirmed');
  });

  test('that the platform does not carry out is never called confirmed, is overdue in time, and is asked for again', async () => {
    const id = await begun(server, { command: 'echo begun; while :; do sleep 0.1; done', grace: 0 });
    const runner = livingProcesses(id);
    expect(runner).not.toEqual([]);
    // Everything that would end it fails; so does what tells its runner.
    server.stack.cut('intake');
    faults().calls.next({ method: 'CancelExecution', code: UNAVAILABLE, times: 1_000 });
    expect(await askToStop(server, id)).toBe(200);
    const late = await server.until(id, ({ cancel }) => Date.parse(cancel?.confirm_by ?? '') < Date.now());
    expect(late).toMatchObject({ status: 'TERMINATING', waiting_for: 'stop_confirmation' });
    const asked = cancels().length;
    await server.stack.tick();
    expect(cancels().length).toBeGreaterThan(asked);
    expect(await server.until(id, () => true)).toMatchObject({ status: 'TERMINATING' });
    while (faults().calls.take('CancelExecution')) continue;
    server.stack.mend('intake');
    expect(await ticked(id)).toMatchObject({ status: 'STOPPED' });
    expect(livingProcesses(id)).toEqual([]);
  });

  test('is made by the deployment itself of a start that takes too long: it fails when the platform has confirmed it', async () => {
    faults().startDelayMs = NEVER_MS;
    const { execution_id: id } = await server.run('echo ran');
    faults().startDelayMs = 0;
    const status = await ticked(id);
    expect(status).toMatchObject({ status: 'FAILED', exit_code: 1, reason: 'start_timeout' });
    expect(status.cancel).toBeUndefined();
    expect(Date.parse(status.completed_at!) - Date.parse(status.started_at)).toBeGreaterThanOrEqual(10_000);
    expect(livingProcesses(id)).toEqual([]);
  });
});
