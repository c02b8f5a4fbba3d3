import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { whyNotEmulated } from '@runvoy/google-fakes';
import type { LogsBody, RunAnswer } from '@runvoy/protocol';
import { endOf, readWholeLog } from '../services/standalone/test/crash-world.ts';
import { poll } from '../services/standalone/test/server.ts';
import type { Role } from '../tools/emulated/deployment.ts';
import { titled } from './cloud-run-variants.ts';
import { startCrashStack, whyNoSizedVolumes, type CrashStack } from './crash/crash-stack.ts';
import { CLOUD_STRIKES } from './log-faults/cloud-strikes.ts';
import { judgeReader, numbered } from './log-faults/judge-readers.ts';
import { GCP_LOG_FAULTS, type GcpLogFault, type LogFaultCase } from './log-faults/log-fault-cases.ts';
import { READER_FORMS, readRun } from './log-faults/run-readers.ts';
import { livingProcesses } from '@runvoy/core/contracts';

// One deployment for all cases, which run on it at the same time: whoever dies of one takes the others' calls with it.
jest.setTimeout(240_000);

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');
const LINES = numbered(40);
/** Speaks for some seconds, whether or not anybody listens. */
const TALK = 'i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "line $i"; sleep 0.1; done; exit 7';
/** Ends only when it is killed. */
const DEAF = `trap '' TERM; echo deaf; while :; do sleep 0.1; done`;
/** Stated: a true final state within so long of the platform knowing it. */
const BOUND_MS = 120_000;

/** `npm run test:crash` tries every moment, `npm test` those that leave the most behind. */
const everyMoment = process.env['RUNVOY_EVERY_CRASH'] === '1';
const chosen = <T>(often: readonly T[], besides: readonly T[]): readonly T[] =>
  everyMoment ? [...often, ...besides] : often;

const SERVICES = chosen<readonly [Role, string]>(
  [
    ['orchestrator', 'after started'],
    ['intake', 'after bootstrapped'],
    ['intake', 'after batch'],
    ['intake', 'after finished'],
    ['processor', 'after look'],
    ['processor', 'before ended'],
    ['websocket', 'after watch'],
  ],
  [
    ['orchestrator', 'before stored'],
    ['intake', 'before bootstrapped'],
    ['intake', 'before batch'],
    ['intake', 'before finished'],
    ['processor', 'before batch'],
    ['processor', 'after batch'],
    ['processor', 'before look'],
    ['processor', 'after ended'],
    ['websocket', 'before watch'],
    ['websocket', 'before page'],
    ['websocket', 'after page'],
  ],
);
/** What is stored and never reaches the platform: nothing can tell but time, or somebody who stops it. */
const UNSTARTED = chosen(['after stored'], ['before started']);
const STOPS = chosen(['after stop'], ['before stop', 'before cancel', 'after cancel']);
const SIDECAR = chosen(['runs', 'has reported'], ['begins', 'has sent five lines']);

const everyLogFault = process.env['RUNVOY_EVERY_LOG_FAULT'] === '1';
/** `npm run test:chaos -- --processes gcp` tries every case of the table in docs/log-faults.md. */
const LOG_FAULTS = (Object.entries(GCP_LOG_FAULTS) as [GcpLogFault, LogFaultCase][])
  .filter(([, { often }]) => often || everyLogFault)
  .map(([name, about]) => {
    const without = name.startsWith('volume') ? whyNoSizedVolumes() : undefined;
    return { name, ...about, why: without, title: titled(`${about.fault}: ${about.moment}`, without) };
  });

// Its runs are found again by their keys: a second try would meet those of the first.
jest.retryTimes(0);

(why === undefined ? describe : describe.skip)(titled('services on Google Cloud that are killed', why), () => {
  let server: CrashStack;
  beforeAll(async () => {
    server = await startCrashStack();
  });
  afterAll(async () => server?.[Symbol.asyncDispose]());

  /**
   * Resolved when each run that is to stay unstarted is stored. Others are submitted only then: whoever is stored by an orchestrator
   * that is armed against it would stay unstarted in its place.
   */
  const unstarted = new Map(UNSTARTED.map((at) => [at, Promise.withResolvers<void>()]));
  const others = Promise.all([...unstarted.values()].map(({ promise }) => promise));

  /** Asks until there is an answer: the same key is the same run, whoever dies over it. */
  async function submit(command: string, key: string, to = server): Promise<RunAnswer> {
    for (;;) {
      const answer = await fetch(`${to.ready.api_url}/api/v1/run`, {
        method: 'POST',
        headers: { 'X-API-Key': to.key, 'Content-Type': 'application/json', 'Idempotency-Key': key },
        body: JSON.stringify({ command, grace: 1 }),
      }).catch(() => undefined);
      const run = answer?.ok ? ((await answer.json().catch(() => undefined)) as RunAnswer | undefined) : undefined;
      if (run) return run;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Calls until an instance that lives has answered. */
  async function patiently<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!/: 50[0-9] |fetch failed|terminated/.test(String(error))) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  const stop = (id: string) => patiently(() => server.call('DELETE', `/api/v1/executions/${id}`));
  const finished = (id: string) => patiently(() => server.finished(id));

  function expectOneStart(id: string, at = server): void {
    const started = at.stack.google.cloudRun.calls.filter(
      ({ method, request }) => method === 'RunJob' && JSON.stringify(request).includes(id),
    );
    expect(started.length).toBeLessThanOrEqual(1);
    expect(livingProcesses(id)).toEqual([]);
  }

  async function expectWhole(id: string): Promise<void> {
    const log = await patiently(() => readWholeLog(server as never, id));
    expect(log.output).toEqual(LINES);
    expect(log.numbers).toEqual(log.numbers.map((_, index) => index + 1));
    expect(log.completeness).toBe('complete');
    expect(log.digests[0]).toBe(log.digests[1]);
  }

  // The first ones wait most of their time, and let the others have the machine.
  test.concurrent.each(UNSTARTED)('orchestrator, %s: the run is there, and a stop of it is confirmed', async (at) => {
    const { reached } = server.arm('orchestrator', at);
    const submitted = submit(TALK, `unstarted ${at}`);
    const { execution_id: id } = await submitted.finally(() => unstarted.get(at)!.resolve());
    await reached;
    await stop(id);
    const askedMs = Date.now();
    const status = await finished(id);
    expect(endOf(status)).toBe('STOPPED 130');
    expect(Date.now() - askedMs).toBeLessThan(BOUND_MS);
    expect(status.cancel!.confirmed).toBeDefined();
    expectOneStart(id);
  });

  test.concurrent.each(STOPS)('orchestrator, %s: a stop that was asked for again is confirmed', async (at) => {
    await others;
    const { execution_id: id } = await submit(DEAF, `stop ${at}`);
    await patiently(() => server.until(id, ({ status }) => status === 'RUNNING'));
    const { reached } = server.arm('orchestrator', at);
    await stop(id);
    await reached;
    await stop(id);
    const askedMs = Date.now();
    const status = await finished(id);
    expect(endOf(status)).toBe('STOPPED 130');
    expect(Date.now() - askedMs).toBeLessThan(BOUND_MS);
    expect(status.cancel!.confirmed).toBeDefined();
    expectOneStart(id);
  });

  test.concurrent.each(SIDECAR)(
    'a sidecar that is killed when it %s: a true end in time, and no line that was not written',
    async (when) => {
      await others;
      const { execution_id: id } = await submit(TALK, `sidecar ${when}`);
      await untilSidecar(id, when);
      await server.killSidecar(id);
      const status = await finished(id);
      expect(Date.now() - Date.parse(status.completed_at!)).toBeLessThan(BOUND_MS);
      if (when === 'has reported') {
        expect(endOf(status)).toBe('FAILED 7');
        await expectWhole(id);
      } else {
        expect(status).toMatchObject({ status: 'FAILED', exit_code: 1, reason: expect.any(String) });
        const log = await patiently(() => readWholeLog(server as never, id));
        expect(log.output).toEqual(LINES.slice(0, log.output.length));
        // One that never had the command has nothing to say, and said it. Whether one that begins had it, the kill decides.
        const said = ['unproven', 'running', ...(when === 'begins' && log.numbers.length === 0 ? ['complete'] : [])];
        expect(said).toContain(log.completeness);
      }
      expectOneStart(id);
    },
  );

  test.concurrent.each(SERVICES)('%s, %s: one start, the right end in time, the whole log', async (role, at) => {
    await others;
    const { reached } = server.arm(role, at);
    const { execution_id: id, websocket_url } = await submit(TALK, `${role} ${at}`);
    const readers = readBy(id, websocket_url);
    await reached;
    const status = await finished(id);
    const endedMs = Date.now();
    expect(endOf(status)).toBe('FAILED 7');
    // The command's own end comes before the platform's.
    expect(endedMs - Date.parse(status.completed_at!)).toBeLessThan(BOUND_MS);
    await expectWhole(id);
    expectOneStart(id);
    for (const { done } of readers) judgeReader(await done, LINES, 'whole');
  });

  for (const { name, title, why: without, ending, silent, apart } of LOG_FAULTS) {
    const here = without === undefined ? test.concurrent : test.skip;
    here(`every reader has what a run wrote, once and in order, or is told what is missing (${title})`, async () => {
      // Where these are all there is, nobody waits to stay unstarted.
      if (!everyLogFault) await others;
      await using own = apart ? await startCrashStack() : undefined;
      const at = own ?? server;
      const { arm, strike } = CLOUD_STRIKES[name];
      const armed = arm && at.arm(...arm);
      const { execution_id: id, websocket_url } = await submit(TALK, `log ${name}`, at);
      const readers = readBy(id, websocket_url, at);
      const shown = async (line: number) => {
        await poll(
          () => readers.some(({ seen }) => seen.lines.some(({ text }) => text === `line ${line}`)) || undefined,
        );
      };
      await armed?.reached;
      await strike?.({ server: at, id, shown });
      const written = silent ? [] : LINES;
      for (const { done } of readers) judgeReader(await done, written, ending);
      for (const late of readBy(id, websocket_url, at)) judgeReader(await late.done, written, ending);
      expectOneStart(id, at);
    });
  }

  /** One reader by each door, from the first line on. */
  function readBy(id: string, websocketUrl: string, at = server) {
    const page = (after: number, limit: number) =>
      at.call<LogsBody>('GET', `/api/v1/executions/${id}/logs?after=${after}&limit=${limit}`);
    return READER_FORMS.map((form) => readRun(form, { websocketUrl, page }));
  }

  async function untilSidecar(id: string, when: string): Promise<void> {
    if (when === 'begins') return;
    if (when === 'has reported') return reportPrinted(id);
    await patiently(() => server.until(id, ({ status }) => status === 'RUNNING'));
    if (when === 'runs') return;
    await poll(async () => {
      const { output } = await patiently(() => readWholeLog(server as never, id));
      return output.length >= 5 || undefined;
    });
  }

  /** It stands in the platform's own log. */
  const reportPrinted = async (id: string): Promise<void> => {
    await poll(() => {
      const { entries } = server.stack.google.logging;
      return (
        entries.some(
          ({ jsonPayload }) => jsonPayload?.['execution_id'] === id && jsonPayload['runvoy'] === 'finished',
        ) || undefined
      );
    });
  };
});
