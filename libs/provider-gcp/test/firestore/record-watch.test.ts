import { manualClock } from '@runvoy/core';
import { watchRecorder } from '@runvoy/core/contracts';
import { expect, test } from '@jest/globals';
import { DocumentShapes } from '../../src/firestore/document-shapes.ts';
import type { ListenEvents, ListenResponse } from '../../src/firestore/listen-clients.ts';
import { RecordWatch } from '../../src/firestore/record-watch.ts';
import { StoreProblem } from '../../src/firestore/store-problem.ts';
import { structuredQuery } from '../../src/firestore/structured-query.ts';

interface User {
  readonly email: string;
}

const shapes = new DocumentShapes({ projectId: 'p', databaseId: 'd', collectionPrefix: 'runvoy-' });
const users = shapes.query({ name: 'usersByEmail' });
const nameOf = (id: string): string => shapes.documentName('users', id);

/** The server's side of a watch: every call that was opened, and what is said on the last of them. */
class ScriptedListen {
  readonly clock = manualClock(0);
  readonly seen = watchRecorder<User>();
  readonly opened: { readonly resumeToken?: Uint8Array }[] = [];
  canceled = 0;
  readonly watch: RecordWatch;
  #events: ListenEvents | undefined;

  constructor() {
    const target = {
      query: { parent: shapes.root, structuredQuery: structuredQuery(shapes, users, {}) },
      order: users,
    };
    this.watch = new RecordWatch(target, this.seen, {
      shapes,
      clock: this.clock,
      random: () => 1,
      ended: () => undefined,
      clients: {
        open: async ({ addTarget }, events) => {
          this.opened.push(addTarget);
          this.#events = events;
          return { cancel: () => void (this.canceled += 1) };
        },
      },
    });
  }

  says(...responses: ListenResponse[]): void {
    for (const response of responses) this.#events!.response(response);
  }

  breaks(status = 'UNAVAILABLE'): void {
    this.#events!.ended(new StoreProblem(status, 'broken'));
  }

  /** Lets time pass until the next call is opened. */
  async opensAgain(): Promise<void> {
    const before = this.opened.length;
    for (let turn = 0; turn < 100 && this.opened.length === before; turn++) {
      this.clock.advance(10_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(this.opened.length).toBe(before + 1);
  }
}

const present = (id: string, seconds: number): ListenResponse => ({
  documentChange: {
    document: { name: nameOf(id), fields: { email: { stringValue: id } }, updateTime: { seconds: String(seconds) } },
    targetIds: [1],
  },
});
const gone = (id: string): ListenResponse => ({ documentDelete: { document: nameOf(id) } });
const current: ListenResponse = { targetChange: { targetChangeType: 'CURRENT', targetIds: [1] } };
const consistent = (token: string): ListenResponse => ({
  targetChange: {
    targetChangeType: 'NO_CHANGE',
    targetIds: [],
    readTime: { seconds: '1' },
    resumeToken: Buffer.from(token),
  },
});
const reset: ListenResponse = { targetChange: { targetChangeType: 'RESET', targetIds: [1] } };
const told = (listen: ScriptedListen): string[][] =>
  listen.seen.calls.map((changes) => changes.map(({ kind, id }) => `${kind} ${id}`));

test('nothing is told before the first result is complete, and that comes in the order of the query', () => {
  const listen = new ScriptedListen();
  listen.says(present('b', 1), consistent('early'), present('a', 2));
  expect(told(listen)).toEqual([]);
  listen.says(current, consistent('t1'));
  expect(told(listen)).toEqual([['present a', 'present b']]);
  listen.watch.end();
});

test('a call that breaks off is opened again where it was, and only what is new is told', async () => {
  const listen = new ScriptedListen();
  listen.says(present('a', 1), present('b', 1), current, consistent('t1'));
  listen.breaks();
  await listen.opensAgain();
  expect(Buffer.from(listen.opened.at(-1)!.resumeToken!).toString()).toBe('t1');
  listen.says(gone('a'), present('c', 2), current, consistent('t2'));
  expect(told(listen)).toEqual([
    ['present a', 'present b'],
    ['gone a', 'present c'],
  ]);
  listen.watch.end();
});

test('changes that were not complete when a call broke off are not told twice', async () => {
  const listen = new ScriptedListen();
  listen.says(current, consistent('t1'), present('a', 1));
  listen.breaks();
  await listen.opensAgain();
  expect(Buffer.from(listen.opened.at(-1)!.resumeToken!).toString()).toBe('t1');
  listen.says(present('a', 1), current, consistent('t2'));
  expect(told(listen)).toEqual([[], ['present a']]);
  listen.watch.end();
});

test('after a reset, what is not named again is gone and what has not changed is not told', () => {
  const listen = new ScriptedListen();
  listen.says(present('a', 1), present('b', 1), current, consistent('t1'));
  listen.says(reset, present('b', 1), present('c', 2), current, consistent('t2'));
  expect(told(listen).at(-1)!.sort()).toEqual(['gone a', 'present c']);
  listen.watch.end();
});

test('a count that disagrees makes it begin anew, and the watcher is told what it had missed', async () => {
  const listen = new ScriptedListen();
  listen.says(present('a', 1), present('b', 1), current, consistent('t1'));
  listen.says({ filter: { count: 1 } });
  await listen.opensAgain();
  expect(listen.canceled).toBe(1);
  expect(listen.opened.at(-1)!.resumeToken).toBeUndefined();
  listen.says(present('a', 1), current, consistent('t2'));
  expect(told(listen).at(-1)).toEqual(['gone b']);
  listen.watch.end();
});

test('changes of one state are told in the order they were committed', () => {
  const listen = new ScriptedListen();
  listen.says(current, consistent('t1'), present('a', 3), present('b', 2), present('c', 10), consistent('t2'));
  expect(told(listen).at(-1)).toEqual(['present b', 'present a', 'present c']);
  listen.watch.end();
});

test('a call that would end the same way again ends the watch', () => {
  const listen = new ScriptedListen();
  listen.breaks('PERMISSION_DENIED');
  return listen.seen
    .until(() => false)
    .catch(() => {
      expect(listen.seen.failure).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });
});

test('a store that stays away ends the watch after a minute, not before', async () => {
  const listen = new ScriptedListen();
  for (let waited = 0; !listen.seen.failure && waited < 30; waited++) {
    listen.breaks();
    if (listen.clock.now() < 60_000) expect(listen.seen.failure).toBeUndefined();
    listen.clock.advance(5_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(listen.seen.failure).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(listen.clock.now()).toBeGreaterThan(60_000);
});

test('a call of which nothing is heard for two minutes is opened again', async () => {
  const listen = new ScriptedListen();
  listen.says(current, consistent('t1'));
  await new Promise((resolve) => setImmediate(resolve));
  await listen.opensAgain();
  expect(listen.canceled).toBe(1);
  expect(listen.clock.now()).toBeGreaterThan(120_000);
  listen.watch.end();
});

test('a removed target is opened again, and what comes on the old call counts no more', async () => {
  const listen = new ScriptedListen();
  listen.says(current, consistent('t1'));
  await new Promise((resolve) => setImmediate(resolve));
  listen.says({ targetChange: { targetChangeType: 'REMOVE', targetIds: [1], cause: { code: 14, message: 'moved' } } });
  listen.says(present('ghost', 1), consistent('t9'));
  await listen.opensAgain();
  listen.says(present('a', 1), current, consistent('t2'));
  expect(told(listen)).toEqual([[], ['present a']]);
  listen.watch.end();
});
