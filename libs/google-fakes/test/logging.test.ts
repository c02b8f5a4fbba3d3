import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FilterProblem, fakeLogging, readFilter } from '@runvoy/google-fakes';
import type { FakeLogging } from '@runvoy/google-fakes';
import { completionEntry, printedEntry } from './sample-entries.ts';

describe('a filter of the fake Logging', () => {
  const RUN = 'resource.type="cloud_run_job" resource.labels.job_name=~"^rv-"';

  test.each<[string, boolean, boolean]>([
    ['', true, true],
    [`${RUN} (logName:"run.googleapis.com%2Fstdout" OR logName:"varlog%2Fsystem")`, true, false],
    ['labels."run.googleapis.com/execution_name"="rv-abc-x7k2p"', true, true],
    ['labels."run.googleapis.com/execution_name"="rv-abc-other"', false, false],
    ['protoPayload.methodName="/Jobs.RunJob"', false, true],
    ['protoPayload.methodName="/jobs.runjob"', false, true],
    ['resource.labels.job_name=~"^RV-"', false, false],
    ['textPayload:*', true, false],
    ['NOT textPayload:*', false, true],
    ['-textPayload:"HELL"', false, true],
    ['textPayload!="hello"', false, true],
    ['textPayload !~ "^h"', false, true],
    ['severity>=INFO', false, true],
    ['severity<INFO', true, false],
    ['timestamp>="2026-11-28T10:00:00Z" AND timestamp<"2026-11-28T10:00:01Z"', true, true],
    ['protoPayload.response.status.succeededCount>1', false, true],
    // OR binds tighter than AND.
    ['insertId=i1 OR insertId=c1 AND severity=INFO', false, true],
    ['insertId=i1 OR (insertId=c1 AND severity=INFO)', true, true],
    ['NOT (insertId=i1 OR insertId=other)', false, true],
  ])('%j lets the printed line through: %s, the completion: %s', (filter, printed, completion) => {
    const isMeant = readFilter(filter);
    expect([isMeant(printedEntry()), isMeant(completionEntry())]).toEqual([printed, completion]);
  });

  test.each([
    'hello',
    '"hello"',
    'a=b',
    'resource.type=',
    '(resource.type="a"',
    'resource.type="a")',
    'resource.type="a" OR',
    'sample(insertId, 0.5)',
    'timestamp>=2026-11-28T10:00:00Z',
    'timestamp>"yesterday"',
    'resource.type="a',
    'textPayload && insertId=a',
  ])('%j is refused, not half understood', (filter) => {
    expect(() => readFilter(filter)).toThrow(FilterProblem);
  });
});

describe('entries.list of the fake Logging', () => {
  let logging: FakeLogging;
  let url: string;

  beforeEach(async () => {
    logging = fakeLogging({
      authorize: (account, permission) => account === 'reader' && permission === 'logging.logEntries.list',
    });
    url = `http://${(await logging.listenAs('reader')).host}/v2/entries:list`;
  });
  afterEach(() => logging[Symbol.asyncDispose]());

  async function list(request: object, at = url) {
    const answer = await fetch(at, {
      method: 'POST',
      body: JSON.stringify({ resourceNames: ['projects/p'], ...request }),
    });
    return {
      status: answer.status,
      ...((await answer.json()) as { entries?: { insertId: string }[]; nextPageToken?: string }),
    };
  }

  const ids = ({ entries = [] }: { entries?: { insertId: string }[] }) => entries.map(({ insertId }) => insertId);
  const at = (second: number, insertId: string) =>
    printedEntry({ insertId, timestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString() });

  test('gives what a view shows to who may use the view, and not to who may read the project', async () => {
    const resourceNames = ['projects/p/locations/l/buckets/b/views/_AllLogs'];
    const door = fakeLogging({
      authorize: (_, permission, on) => permission === 'logging.views.access' && on === resourceNames[0],
    });
    door.write(at(1, 'a'));
    const viewer = `http://${(await door.listenAs('viewer')).host}/v2/entries:list`;
    expect(await list({ resourceNames }, viewer)).toMatchObject({ status: 200, entries: [{ insertId: 'a' }] });
    expect(await list({}, viewer)).toMatchObject({ status: 403 });
    expect(await list({ resourceNames })).toMatchObject({ status: 403 });
    await door[Symbol.asyncDispose]();
  });

  test('entries come in order of time, a repeated one once, page by page', async () => {
    for (const entry of [at(2, 'c'), at(1, 'b'), at(1, 'a'), at(2, 'c'), at(3, 'd')]) logging.write(entry);
    expect(ids(await list({}))).toEqual(['a', 'b', 'c', 'd']);
    expect(ids(await list({ orderBy: 'timestamp desc' }))).toEqual(['d', 'c', 'b', 'a']);
    const first = await list({ pageSize: 3 });
    expect(ids(first)).toEqual(['a', 'b', 'c']);
    expect(ids(await list({ pageSize: 3, pageToken: first.nextPageToken }))).toEqual(['d']);
    expect(logging.entries).toHaveLength(5);
  });

  test('only what the filter means and the project holds', async () => {
    logging.write(at(1, 'a'));
    logging.write({ ...at(2, 'b'), logName: 'projects/other/logs/x' });
    expect(ids(await list({ filter: 'insertId="a" OR insertId="b"' }))).toEqual(['a']);
  });

  test('an empty page may be followed by another', async () => {
    logging.write(at(1, 'a'));
    logging.answerEmptyPages(1);
    const empty = await list({});
    expect(ids(empty)).toEqual([]);
    expect(ids(await list({ pageToken: empty.nextPageToken }))).toEqual(['a']);
  });

  test.each([
    [{ filter: 'hello' }, 400],
    [{ orderBy: 'severity' }, 400],
    [{ resourceNames: [] }, 400],
  ])('%j is refused', async (request, status) => {
    expect((await list(request)).status).toBe(status);
  });

  test('who may not read is refused; a fault answers what it is told to', async () => {
    const stranger = await logging.listenAs('stranger');
    expect((await list({}, `http://${stranger.host}/v2/entries:list`)).status).toBe(403);
    logging.faults.next({ method: 'entries.list', code: 429 });
    expect((await list({})).status).toBe(429);
    expect((await list({})).status).toBe(200);
  });
});
