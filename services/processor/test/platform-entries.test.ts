import { describe, expect, test } from '@jest/globals';
import { executionRef, platformNotesRef, readLines, type LogStore, type PlatformEntry } from '@runvoy/core';
import { ID, openEventWorld, PLATFORM_NAME, printedFinished, printedLogs, T0 } from './event-world.ts';

const SYSTEM_EVENT = 'projects/p/logs/cloudaudit.googleapis.com%2Fsystem_event';

const output = (printed: unknown): PlatformEntry => ({
  kind: 'output',
  platform_execution: PLATFORM_NAME,
  printed,
  at_ms: T0,
});

async function textsOf(log: LogStore): Promise<string[]> {
  const texts: string[] = [];
  for await (const line of readLines(log, ID, 0)) texts.push(line.text);
  return texts;
}

describe('an entry of the platform’s log', () => {
  test('that the runner has signed is stored as if the runner had sent it, once', async () => {
    await using world = await openEventWorld();
    for (const printed of [printedFinished(), printedLogs(), printedLogs(), printedFinished()]) {
      expect((await world.push(output(printed))).statusCode).toBe(204);
    }
    expect(await textsOf(world)).toEqual(['hi', 'oh']);
    const execution = await world.execution();
    expect(execution.facts.report).toMatchObject({ cause: 'exited', exit_code: 3 });
    expect(execution).toMatchObject({ end_record: { lines: 2 }, faults: [] });
    expect((await world.records.get(platformNotesRef(PLATFORM_NAME)))?.value).toBeUndefined();
  });

  test('with the report, after all lines, proves the log', async () => {
    await using world = await openEventWorld();
    await world.push(output(printedLogs()));
    await world.push(output(printedFinished()));
    expect(await world.execution()).toMatchObject({ log_proven: true });
  });

  test('with lines that come after the report proves the log with the last of them', async () => {
    await using world = await openEventWorld();
    await world.push(output(printedFinished()));
    expect((await world.execution()).log_proven).toBeUndefined();
    await world.push(output(printedLogs()));
    expect(await world.execution()).toMatchObject({ log_proven: true, faults: [] });
  });

  test('with lines that come after the end proves the log, too', async () => {
    await using world = await openEventWorld();
    await world.push(output(printedFinished()));
    await world.store((run) => ({ ...run, status: 'FAILED', unfinished: false, completed_at_ms: T0 - 600_000 }));
    await world.push(output(printedLogs()));
    expect(await world.execution()).toMatchObject({ status: 'FAILED', log_proven: true });
  });

  test.each([
    [
      'a perfect batch with another signature',
      { ...printedLogs(), body: { ...printedLogs().body, mac: '0'.repeat(64) } },
    ],
    ['a batch signed for another run', { ...printedLogs(), execution_id: 'b'.repeat(32) }],
    ['a report with another exit code', { ...printedFinished(), body: { ...printedFinished().body, exit_code: 0 } }],
    ['a batch without lines to speak of', { ...printedLogs(), body: {} }],
    ['plain text', 'hello'],
    ['nothing', null],
  ])('that holds %s is kept apart and changes nothing', async (_, printed) => {
    await using world = await openEventWorld();
    const before = await world.records.get(executionRef(ID));
    expect((await world.push(output(printed))).statusCode).toBe(204);
    expect(await world.records.get(executionRef(ID))).toEqual(before);
    expect(await textsOf(world)).toEqual([]);
    const notes = (await world.records.get(platformNotesRef(PLATFORM_NAME)))?.value;
    expect(notes?.unmanaged).toMatchObject({ entries: 1 });
    expect(world.dead).toEqual([]);
  });

  test('is counted up to a bound, however much a container prints', async () => {
    await using world = await openEventWorld();
    for (let n = 0; n < 1_010; n += 1) await world.push(output(`line ${n}`));
    const notes = (await world.records.get(platformNotesRef(PLATFORM_NAME)))!.value;
    expect(notes.unmanaged.entries).toBe(1_000);
    expect(notes.unmanaged.first).toHaveLength(20);
  });

  test('about an exit that the platform explains gives a run that never reported its reason', async () => {
    await using world = await openEventWorld();
    const text = 'Memory limit of 512 MiB exceeded with 530 MiB used.';
    const said = {
      kind: 'system',
      platform_execution: PLATFORM_NAME,
      text,
      reason: 'out_of_memory',
      at_ms: T0,
    } as const;
    await world.push(said);
    await world.push(said);
    expect((await world.records.get(platformNotesRef(PLATFORM_NAME)))?.value.system).toHaveLength(1);
    world.platform.views[1] = {
      state: 'ended',
      end: { platform_execution: PLATFORM_NAME, at_ms: T0, kind: 'exited' },
    };
    const changed = { kind: 'execution_changed', platform_execution: PLATFORM_NAME, execution_id: ID } as const;
    expect((await world.push(changed, '/events', SYSTEM_EVENT)).statusCode).toBe(204);
    const execution = await world.execution();
    expect(execution).toMatchObject({ status: 'FAILED', reason: 'out_of_memory' });
    expect(execution.facts.attempts[0]?.end).toMatchObject({ details: text });
  });

  test('that an execution has changed makes us look, whether Eventarc brings it or a sink', async () => {
    for (const way of ['eventarc', 'sink']) {
      await using world = await openEventWorld();
      const end = { platform_execution: PLATFORM_NAME, at_ms: T0, kind: 'exited' as const };
      world.platform.views[1] = { state: 'ended', end };
      await world.push(output(printedFinished()));
      const entry = { kind: 'execution_changed', platform_execution: PLATFORM_NAME, execution_id: ID } as const;
      const binary = {
        'ce-id': '1',
        'ce-source': '//cloudaudit.googleapis.com/projects/p/logs/system_event',
        'ce-specversion': '1.0',
        'ce-type': 'google.cloud.audit.log.v1.written',
        'ce-methodname': '/Jobs.RunJob',
      };
      const answer =
        way === 'sink'
          ? await world.push(entry, '/events', SYSTEM_EVENT)
          : await world.inject('/events', { entry }, binary);
      expect([way, answer.statusCode, (await world.execution()).status]).toEqual([way, 204, 'FAILED']);
    }
  });

  test('about an execution of somebody else is acknowledged', async () => {
    await using world = await openEventWorld();
    const ours = { kind: 'execution_changed', platform_execution: 'rv-other-1' } as const;
    expect((await world.push({ kind: 'foreign' })).statusCode).toBe(204);
    expect((await world.push(ours)).statusCode).toBe(204);
    expect((await world.push({ ...ours, execution_id: 'b'.repeat(32) })).statusCode).toBe(204);
    expect(world.dead).toEqual([]);
  });

  test('that cannot be read is put aside with the reason', async () => {
    await using world = await openEventWorld();
    expect((await world.push(undefined)).statusCode).toBe(204);
    expect((await world.inject('/events/logs', { message: { data: 'AAAA' } })).statusCode).toBe(204);
    expect(world.dead.map(({ reason }) => reason)).toEqual([
      'this is no entry',
      expect.stringContaining('the pushed message is not JSON'),
    ]);
  });

  test('whose effect the store refuses is not acknowledged', async () => {
    await using world = await openEventWorld();
    world.records.close();
    expect((await world.push(output(printedLogs()))).statusCode).toBeGreaterThanOrEqual(500);
    expect(world.dead).toEqual([]);
  });
});

describe('a runner that the intake refused and could not cancel', () => {
  test('is cancelled by the next look when it is another attempt of a bound run', async () => {
    await using world = await openEventWorld();
    const other = { attempt: 2, token_hash: 'x', made_at_ms: T0, platform_execution: 'rv-abc-other' };
    await world.store((run) => ({ ...run, facts: { ...run.facts, attempts: [...run.facts.attempts, other] } }));
    world.platform.views[2] = { state: 'alive', platform_execution: 'rv-abc-other', unwatched: false };
    await world.push({ kind: 'execution_changed', platform_execution: 'rv-abc-other', execution_id: ID });
    expect(world.cancelled).toEqual([{ execution_id: ID, attempt: 2, platform_execution: 'rv-abc-other' }]);
    expect((await world.execution()).status).toBe('RUNNING');
  });

  test('is cancelled by the next look after a conflict', async () => {
    await using world = await openEventWorld();
    await world.store((run) => ({ ...run, facts: { ...run.facts, conflict: { at_ms: T0, details: 'two' } } }));
    await world.push({ kind: 'execution_changed', platform_execution: PLATFORM_NAME, execution_id: ID });
    expect(world.cancelled).toMatchObject([{ attempt: 1 }]);
  });

  test('is cancelled by the sweep when its run is over, and found by it when only the run goes on', async () => {
    await using world = await openEventWorld();
    const sweepNow = () =>
      world.inject(
        '/events/tick',
        { specversion: '1.0', id: 's', source: '/s', type: 'dev.runvoy.sweep.v1', data: {} },
        {
          'content-type': 'application/cloudevents+json',
        },
      );
    world.platform.listed = [{ attempt: 1, ended: false }];
    await sweepNow();
    expect(world.cancelled).toEqual([]);
    await world.store((run) => ({ ...run, status: 'STOPPED', unfinished: false }));
    expect((await sweepNow()).statusCode).toBe(204);
    expect(world.cancelled).toMatchObject([{ attempt: 1 }]);
    await world.store((run) => ({ ...run, status: 'RUNNING', unfinished: true }));
    const end = { platform_execution: PLATFORM_NAME, at_ms: T0, kind: 'exited' as const };
    world.platform.views[1] = { state: 'ended', end };
    world.platform.listed = [{ attempt: 1, ended: true }];
    await sweepNow();
    expect(await world.execution()).toMatchObject({ status: 'FAILED', reason: 'lost' });
  });
});
