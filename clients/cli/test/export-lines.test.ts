import { describe, expect, test } from '@jest/globals';
import type { ExportLine } from '@runvoy/protocol';
import { RunvoyError, type RunvoyClient } from '@runvoy/sdk/client';
import { exportLines } from '../src/export-lines.ts';
import { importLines } from '../src/import-lines.ts';
import { logBatches, numberedLines } from '../src/log-batches.ts';
import { aws, ID } from './aws-answers.ts';

async function exported(api: RunvoyClient, choice = { history: true, logs: true }) {
  const lines: ExportLine[] = [];
  const noticed: string[] = [];
  for await (const line of exportLines(api, choice, 0, (what) => noticed.push(what))) lines.push(line);
  return { lines, noticed };
}

describe('an export of runvoy on AWS', () => {
  test('has a line for each thing and no value', async () => {
    const { lines, noticed } = await exported(aws);
    expect(JSON.stringify(lines)).not.toContain('the value itself');
    expect(lines.map(({ type }) => type)).toEqual([
      'export',
      'image',
      'image',
      'user',
      'secret',
      'execution',
      'log',
      'end',
    ]);
    expect(lines.at(-1)).toEqual({ type: 'end', counts: { image: 2, user: 1, secret: 1, execution: 1, log: 1 } });
    expect(noticed).toEqual(['1 that have not ended are left out']);
  });

  test('numbers the lines of a log by their times, and leaves a default size away', async () => {
    const { lines } = await exported(aws);
    expect(lines.find(({ type }) => type === 'log')).toMatchObject({
      lines: [
        { seq: 1, ms: 1, text: '### runvoy runner: first', stream: 'stdout' },
        { seq: 2, ms: 2, text: 'second' },
        { seq: 3, ms: 2, text: 'third' },
      ],
    });
    expect(lines.filter(({ type }) => type === 'image')).toEqual([
      { type: 'image', image: 'alpine:3', is_default: true, runtime_platform: 'Linux/ARM64' },
      {
        type: 'image',
        image: 'hashicorp/tf:1',
        is_default: false,
        cpu: 1024,
        memory: 2048,
        task_role_name: 'deployer',
      },
    ]);
  });

  test('goes on when a log cannot be read, and says so; without history it has none', async () => {
    const broken = {
      ...(aws as object),
      logPage: async () => Promise.reject(new RunvoyError('no such stream', { code: 'INTERNAL_ERROR', status: 500 })),
    };
    const { lines, noticed } = await exported(broken as unknown as RunvoyClient);
    expect(noticed.at(-1)).toBe(`the log of ${ID} could not be read: no such stream`);
    expect(lines.at(-1)?.type).toBe('end');
    const bare = await exported(aws, { history: false, logs: true });
    expect(bare.lines.map(({ type }) => type)).not.toContain('execution');
  });
});

describe('lines of a log', () => {
  test('are cut alike whatever they come in, below what a record holds, and none is lost', async () => {
    const events = Array.from({ length: 300 }, (_, at) => ({
      timestamp: at,
      message: `${at} ${'ü"'.repeat(at * 40)}`,
    }));
    const lines = numberedLines(events);
    const batches: (typeof lines)[] = [];
    for await (const batch of logBatches(lines)) batches.push([...batch]);
    expect(batches.flat()).toEqual(lines);
    expect(Math.max(...batches.map((batch) => Buffer.byteLength(JSON.stringify(batch))))).toBeLessThan(100 * 1024);
    expect(batches.length).toBeGreaterThan(10);
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, at) => at + 1));
    const whole = lines.reduce((text, { text: part, partial }) => `${text}${part}${partial ? '' : '\n'}`, '');
    expect(whole).toBe(events.map(({ message }) => `${message}\n`).join(''));
  });
});

describe('an import', () => {
  const empty = {
    images: async () => ({ images: [] }),
    users: async () => ({ users: [] }),
    secrets: async () => ({ secrets: [] }),
  };
  const api = empty as unknown as RunvoyClient;
  const head =
    '{"type":"export","version":1,"exported_at":"2025-01-01T00:00:00Z","source":{"provider":"AWS","version":"1"}}';
  const of = async function* (...lines: readonly string[]) {
    yield* lines;
  };

  test.each([
    [[], 'The file is empty'],
    [['{"type":"user"}'], 'does not begin as an export does'],
    [['no json'], 'Line 1 of the file is no line of an export.'],
    [[head.replace('"version":1', '"version":2')], 'The export is of form 2; this client reads 1.'],
    [[head], 'The export has no end'],
    [[head, '{"type":"secret","name":"a","key_name":"A","granted_to":[]}', '{"type":"end","counts":{}}'], 'has no end'],
  ])('of %j is refused', async (lines, why) => {
    await expect(importLines(api, of(...lines))).rejects.toThrow(why);
  });

  test('tells each claim at once, takes a user another import made for there, and names a log that is not what its runner stated', async () => {
    const claimed: string[] = [];
    const importing = {
      ...empty,
      createUser: async ({ email }: { email: string }) => {
        if (email === 'b@x') throw new RunvoyError('exists', { code: 'CONFLICT', status: 409 });
        return { claim_token: 'c' };
      },
      importExecutions: async () => ({
        executions: [{ execution_id: ID, outcome: 'created', wants_log: true }],
      }),
      importLog: async () => ({}),
      verifyLog: async () => ({ completeness: 'unproven', gaps: [] }),
    };
    const execution = { execution_id: ID, command: 'x', log: { lines: 1, bytes: 1, sha256: 'f' } };
    const lines = of(
      head,
      '{"type":"user","email":"a@x","role":"viewer","revoked":false}',
      '{"type":"user","email":"b@x","role":"viewer","revoked":false}',
      JSON.stringify({ type: 'execution', execution }),
      JSON.stringify({ type: 'log', execution_id: ID, lines: [{ seq: 1, stream: 'stdout', ms: 1, text: 'forged' }] }),
      JSON.stringify({
        type: 'log',
        execution_id: 'b',
        lines: [{ seq: 1, stream: 'stdout', ms: 1, text: 'of nobody' }],
      }),
      '{"type":"end","counts":{"user":2,"execution":1,"log":2}}',
    );
    const report = await importLines(importing as unknown as RunvoyClient, lines, ({ email }) => claimed.push(email));
    expect(claimed).toEqual(['a@x']);
    expect(report).toMatchObject({
      made: { user: 1, execution: 1, log: 1 },
      there: { user: 1 },
      left: [`log of ${ID}: its lines are not those its runner stated`],
      refused: 1,
    });
  });

  test('stores all runs of a request but the one that the server refuses, and says which that is and why', async () => {
    const stored: string[] = [];
    const ids = Array.from({ length: 7 }, (_, at) => String(at).repeat(32));
    const picky = {
      ...empty,
      importExecutions: async ({ executions }: { executions: { execution_id: string }[] }) => {
        const bad = executions.find(({ execution_id }) => execution_id === ids[4]);
        if (bad) throw new RunvoyError('ended before it began', { code: 'UNPROCESSABLE', status: 422 });
        stored.push(...executions.map(({ execution_id }) => execution_id));
        return {
          executions: executions.map(({ execution_id }) => ({ execution_id, outcome: 'created', wants_log: false })),
        };
      },
    };
    const report = await importLines(
      picky as unknown as RunvoyClient,
      of(
        head,
        ...ids.map((execution_id) => JSON.stringify({ type: 'execution', execution: { execution_id, command: 'x' } })),
        '{"type":"end","counts":{"execution":7}}',
      ),
    );
    expect(stored.toSorted()).toEqual(ids.filter((id) => id !== ids[4]));
    expect(report).toMatchObject({
      made: { execution: 6 },
      left: [`run ${ids[4]}: ended before it began`],
      refused: 1,
    });
  });

  test('keeps an image that is there, and tells where its limit is another', async () => {
    const having = {
      ...empty,
      images: async () => ({
        images: [
          { image: 'a:1', network: 'default', max_running: 2 },
          { image: 'b:1', network: 'default' },
        ],
      }),
    };
    const line = (image: string, more = {}) => JSON.stringify({ type: 'image', image, is_default: false, ...more });
    const report = await importLines(
      having as unknown as RunvoyClient,
      of(head, line('a:1', { max_running: 5 }), line('b:1'), '{"type":"end","counts":{"image":2}}'),
    );
    expect(report).toMatchObject({
      there: { image: 2 },
      left: ['image a:1: runs at once are at most 2 here and at most 5 in the export'],
    });
  });

  test('makes the playbooks that are missing, and tells of those that say something else here', async () => {
    const made: unknown[] = [];
    const there = { one: { commands: ['a'], image: 'x' }, two: { commands: ['b'] } };
    const having = {
      ...empty,
      playbook: async (name: string) => {
        const definition = there[name as keyof typeof there];
        if (!definition) throw new RunvoyError('no playbook', { code: 'NOT_FOUND', status: 404 });
        return { playbook: { name, version: 3, definition } };
      },
      createPlaybook: async (request: unknown) => void made.push(request),
    };
    const line = (name: string, definition: object) => JSON.stringify({ type: 'playbook', name, definition });
    const report = await importLines(
      having as unknown as RunvoyClient,
      of(
        head,
        line('one', { image: 'x', commands: ['a'] }),
        line('two', { commands: ['c'] }),
        line('three', { commands: ['d'] }),
        '{"type":"end","counts":{"playbook":3}}',
      ),
    );
    expect(made).toEqual([{ name: 'three', commands: ['d'] }]);
    expect(report).toMatchObject({
      made: { playbook: 1 },
      there: { playbook: 2 },
      left: ['playbook two: version 3 here says something else'],
    });
  });

  test('passes over types it does not know and says how many, lists secrets that need a value, and goes on after a refusal', async () => {
    const refusing = {
      ...empty,
      registerImage: async () =>
        Promise.reject(new RunvoyError('no such account', { code: 'UNPROCESSABLE', status: 422 })),
    };
    const report = await importLines(
      refusing as unknown as RunvoyClient,
      of(
        head,
        '{"type":"image","image":"a:1","is_default":false}',
        '{"type":"pipeline","name":"p"}',
        '{"type":"secret","name":"gh","key_name":"T","granted_to":[]}',
        '{"type":"end","counts":{"image":1,"pipeline":1,"secret":1}}',
      ),
    );
    expect(report).toEqual({
      made: {},
      there: {},
      claims: [],
      values_needed: [{ name: 'gh', key_name: 'T' }],
      left: ['image a:1: no such account', '1 of type pipeline, which this client does not know'],
      refused: 1,
    });
  });
});
