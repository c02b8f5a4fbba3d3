import { expect, test } from '@jest/globals';
import type { LogPart } from '@runvoy/sdk/client';
import type { LogEventBody, LogsBody } from '@runvoy/protocol';
import { cursorOf, readLogStart } from '../src/log-start.ts';
import { Options } from '../src/options.ts';

const NOW = Date.UTC(2030, 0, 1, 12);
const start = (given: Readonly<Record<string, string>>) => readLogStart(new Options(given), NOW);

test.each([
  [{}, { after: 0 }],
  [{ after: '1204' }, { after: 1_204 }],
  [{ tail: '20' }, { tail: 20 }],
  [{ since: '90m' }, { from: '2030-01-01T10:30:00.000Z' }],
  [{ since: '2029-12-31T23:00:00+01:00' }, { from: '2029-12-31T22:00:00.000Z' }],
])('%j begins at %j', (given, expected) => {
  expect(start(given)).toEqual(expected);
});

test.each([
  [{ after: '-1' }, '--after takes'],
  [{ tail: 'all' }, '--tail takes'],
  [{ tail: '10001' }, '10000 lines at most'],
  [{ since: 'yesterday' }, '--since takes'],
  [{ tail: '5', after: '3' }, '--after and --tail exclude each other'],
  [{ tail: '5', since: '1h' }, '--tail and --since exclude each other'],
])('%j is refused', (given, text) => {
  expect(() => start(given)).toThrow(text);
});

/** An API that has the lines 3 to 9, of which 8 and 9 are new. */
const api = {
  logPart: async (_: string, { tail, from }: LogPart): Promise<LogsBody> => {
    const seqs = from === undefined ? [3, 4, 5, 6, 7, 8, 9].slice(-(tail ?? 0)) : from === 'late' ? [] : [8];
    const events = seqs.map((seq): LogEventBody => ({
      event_id: `${seq}`,
      timestamp: 0,
      message: '',
      stream: 'stdout',
    }));
    return { execution_id: 'x', status: 'RUNNING', events };
  },
};

test.each([
  [{ after: 5 }, 5],
  [{ tail: 2 }, 7],
  [{ tail: 99 }, 2],
  [{ tail: 0 }, 9],
  [{ from: 'new' }, 7],
  [{ from: 'late' }, 9],
])('%j is the cursor %d', async (given, cursor) => {
  expect(await cursorOf(api, 'x', given)).toBe(cursor);
});

test('of a log without a line everything is still to come', async () => {
  const empty = { logPart: async (): Promise<LogsBody> => ({ execution_id: 'x', status: 'RUNNING', events: [] }) };
  expect(await cursorOf(empty, 'x', { tail: 5 })).toBe(0);
});

test('a line that is written while its beginning is looked for is still to come', async () => {
  const seqs = [1, 2];
  const growing = {
    logPart: async (_: string, { tail, from }: LogPart): Promise<LogsBody> => {
      const events = (from === undefined ? seqs.slice(-(tail ?? 0)) : []).map((seq): LogEventBody => ({
        event_id: `${seq}`,
        timestamp: 0,
        message: '',
        stream: 'stdout',
      }));
      seqs.push(seqs.length + 1);
      return { execution_id: 'x', status: 'RUNNING', events };
    },
  };
  expect(await cursorOf(growing, 'x', { from: 'late' })).toBe(2);
});
