import { describe, expect, test } from '@jest/globals';
import type { AttemptRef } from '@runvoy/core';
import type { LogGap } from '@runvoy/protocol';
import type { LoggingApi } from '../../src/job-runner/logging-api.ts';
import { openCloudRunJobRunner } from '../../src/job-runner.ts';
import { hastyClock, ID, NAME, scriptedRunApi, SETTINGS, T0 } from './scripted-run-api.ts';

const ATTEMPT: AttemptRef = { execution_id: ID, attempt: 1, platform_execution: NAME, made_at_ms: T0 };
const report = { runvoy: 'finished', execution_id: ID, attempt: 1, body: { cause: 'exited', lines: 3 } };

type Page = Awaited<ReturnType<LoggingApi['list']>>;

function laneOf(pages: (Page | Error)[], attempt = ATTEMPT) {
  const asked: Parameters<LoggingApi['list']>[0][] = [];
  const logging: LoggingApi = {
    async list(query) {
      asked.push(query);
      const page = pages.length > 1 ? pages.shift() : pages[0];
      if (page === undefined || page instanceof Error) throw page ?? new Error('nobody expected that');
      return page;
    },
  };
  const jobs = openCloudRunJobRunner({
    ...SETTINGS,
    clock: hastyClock(),
    random: () => 0,
    api: scriptedRunApi({}),
    logging,
  });
  const read = async (missing?: readonly LogGap[]) => {
    const { entries, final } = await jobs.readSafetyLane(attempt, missing);
    return { final, entries: await Array.fromAsync(entries) };
  };
  return { asked, read };
}

describe('the safety lane', () => {
  test('holds the reports of the attempt, and is never known to be complete', async () => {
    const { read, asked } = laneOf([{ entries: [{ jsonPayload: report }] }]);
    expect(await read()).toEqual({ final: false, entries: [report] });
    expect(asked).toEqual([{ filter: expect.any(String), limit: 100, after: undefined }]);
  });

  test('asks for one execution’s reports, past what the user’s container printed, and names a time', async () => {
    const { read, asked } = laneOf([{ entries: [] }]);
    await read();
    expect(asked[0]?.filter.split(' AND ')).toEqual([
      'logName="projects/my-project/logs/run.googleapis.com%2Fstdout"',
      'resource.type="cloud_run_job"',
      `resource.labels.job_name="${NAME.slice(0, -6)}"`,
      `labels."run.googleapis.com/execution_name"="${NAME}"`,
      'NOT labels.container_name="runner"',
      'jsonPayload.runvoy="finished"',
      `jsonPayload.execution_id="${ID}"`,
      'timestamp>="2026-11-28T10:00:00.000Z"',
    ]);
  });

  test('reads on after an empty page that has a successor', async () => {
    const { read, asked } = laneOf([
      { entries: [], next: 'two' },
      { entries: [], next: 'three' },
      { entries: [{ jsonPayload: report }] },
    ]);
    expect((await read()).entries).toEqual([report]);
    expect(asked.map(({ after }) => after)).toEqual([undefined, 'two', 'three']);
  });

  const batch = (from: number) => ({ runvoy: 'logs', execution_id: ID, attempt: 1, body: { from, lines: [] } });

  test('is asked for the batches that begin within what is missing, too', async () => {
    const { read, asked } = laneOf([{ entries: [{ jsonPayload: batch(3) }, { jsonPayload: report }] }]);
    const missing = [
      { from: 3, to: 4 },
      { from: 9, to: Infinity },
    ];
    expect((await read(missing)).entries).toEqual([batch(3), report]);
    expect(asked[0]?.filter.split('" AND ')).toContainEqual(expect.stringMatching(/^NOT labels/));
    expect(asked[0]?.filter).toContain(
      '(jsonPayload.runvoy="finished" OR (jsonPayload.runvoy="logs" AND ((jsonPayload.body.from>=3 AND jsonPayload.body.from<=4) OR jsonPayload.body.from>=9)))',
    );
  });

  test('gives of very many missing batches the first, and is asked for no more than a filter holds', async () => {
    const { read, asked } = laneOf([{ entries: [{ jsonPayload: batch(1) }], next: 'more' }]);
    const missing = Array.from({ length: 5_000 }, (_, at) => ({ from: 10 ** 11 + 2 * at, to: 10 ** 11 + 2 * at }));
    expect((await read(missing)).entries).toHaveLength(10);
    expect(asked[0]!.filter.length).toBeLessThan(20_000);
  });

  test.each([
    ['text', 'finished'],
    ['nothing', undefined],
    ['a report of another run', { ...report, execution_id: 'b'.repeat(32) }],
    ['a report of another attempt', { ...report, attempt: 2 }],
    ['a report without a body', { ...report, body: null }],
  ])('passes over %s', async (_, jsonPayload) => {
    expect((await laneOf([{ entries: [{ jsonPayload }] }]).read()).entries).toEqual([]);
  });

  test('that cannot be read to its end rejects: nothing is concluded', async () => {
    const spent = Object.assign(new Error('Quota exceeded for quota metric Read requests'), { status: 429 });
    await expect(laneOf([spent]).read()).rejects.toThrow('Quota exceeded');
    await expect(laneOf([{ entries: [{ jsonPayload: report }], next: 'two' }, spent]).read()).rejects.toThrow('Quota');
    const endless = laneOf([{ entries: [], next: 'more' }]);
    await expect(endless.read()).rejects.toThrow('nothing is concluded');
    expect(endless.asked).toHaveLength(10);
  });

  test.each([undefined, 'local/1', 'rv-" OR true OR "-abcde'])(
    'of an execution without a name of ours (%p) is found by the run’s own id',
    async (platform_execution) => {
      const { platform_execution: _, ...unnamed } = ATTEMPT;
      const attempt = platform_execution === undefined ? unnamed : { ...ATTEMPT, platform_execution };
      const { read, asked } = laneOf([{ entries: [{ jsonPayload: report }] }], attempt);
      expect((await read()).entries).toEqual([report]);
      expect(asked[0]?.filter).not.toMatch(/execution_name|job_name|true/);
    },
  );

  test('is not asked for by an id that is none', async () => {
    const { read, asked } = laneOf([], { ...ATTEMPT, execution_id: '" OR "' });
    await expect(read()).rejects.toThrow('no execution id');
    expect(asked).toEqual([]);
  });
});
