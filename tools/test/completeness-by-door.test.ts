import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { executionRef, recordsLiveFeed, SETTLE_MS } from '@runvoy/core';
import {
  STREAM_PROTOCOL,
  type Completeness,
  type ExecutionStatusBody,
  type LogGap,
  type LogsBody,
  type VerifyLogBody,
} from '@runvoy/protocol';
import { RunvoyClient } from '@runvoy/sdk/client';
import { followRun } from '../../clients/console/src/follow-run.ts';
import { RunState } from '../../clients/console/src/run-state.ts';
import { begin, end, linesOf, run, write } from '../../services/orchestrator/test/stored-log.ts';
import { openWorld, T0, type World } from '../../services/orchestrator/test/world.ts';
import { readEvents } from '../../services/websocket/test/event-reader.ts';
import { Client, openLiveWorld, SIGNING_KEYS } from '../../services/websocket/test/live-world.ts';
import { runvoyHere } from './runvoy-here.ts';

/** The API and the live view over one store, and every door of a log in each state of it. */
let world: World;
let live: Awaited<ReturnType<typeof openLiveWorld>>;
let access = { endpoint: '', apiKey: '' };
beforeAll(async () => {
  world = await openWorld({}, undefined, { signingKeys: SIGNING_KEYS, streamUrl: () => live.streamUrl });
  const { records, archive, clock } = world;
  live = await openLiveWorld({ records, archive, clock, feed: recordsLiveFeed(records) });
  access = { endpoint: await world.app.listen({ host: '127.0.0.1', port: 0 }), apiKey: world.adminKey };
});
afterAll(async () => {
  await live[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** How a log stands; `settling`: its run has ended, and two of its lines may still come. */
type State = Completeness | 'settling';
const isOpen = (state: State) => state === 'running' || state === 'settling';
/** What a live view has shown of an open log before it waits. */
const lastShown = (state: State) => (state === 'settling' ? 2 : 5);

/** Five lines, of which two are missing in `gaps` and `settling`; `unproven` has no end record. */
async function logThatIs(state: State): Promise<string> {
  const id = await run(world);
  await begin(world, id);
  const lines = linesOf(1, ['a', 'b', 'c', 'd', 'e']);
  const isHoled = state === 'gaps' || state === 'settling';
  for (const line of lines) if (!isHoled || line.seq < 3 || line.seq > 4) await write(world, id, [line]);
  if (state === 'running') return id;
  await end(world, id, lines);
  // The run ended now.
  await world.records.transact(async (tx) => {
    const execution = (await tx.get(executionRef(id)))!;
    tx.set(executionRef(id), { ...execution, completed_at_ms: world.clock.now() });
  });
  if (state === 'settling') return id;
  if (state === 'unproven') {
    await world.records.transact(async (tx) => {
      const { end_record: _, ...execution } = (await tx.get(executionRef(id)))!;
      tx.set(executionRef(id), execution);
    });
  }
  world.clock.advance(SETTLE_MS);
  return id;
}

interface Stated {
  /** In the door's own word. */
  readonly word: string | undefined;
  /** As it names them. */
  readonly missing: readonly string[];
}

const named = (gaps: readonly LogGap[] = []) => gaps.map(({ from, to }) => `${from}-${to}`);
const namedIn = (text: string) => [...text.matchAll(/lines (\d+-\d+) are missing/g)].map(([, name]) => name!);
const get = async <T>(id: string, path: string) =>
  (await world.call('GET', `/api/v1/executions/${id}${path}`)).json<T>();
const cli = (...args: readonly string[]) => runvoyHere(args, access);

/** What a live view shows: to its end, or all there is of a run that goes on. */
async function framesOf(id: string, state: State, protocol?: string) {
  const { websocket_url } = await new RunvoyClient(access).ticket(id);
  const client = new Client(websocket_url, protocol, {});
  if (!isOpen(state)) await client.closed;
  else await client.untilLine(lastShown(state)).then(() => client.heard());
  client.ws.terminate();
  return client.frames as readonly Record<string, unknown>[];
}

const DOORS: Readonly<Record<string, (id: string, state: State) => Promise<Stated>>> = {
  async 'a page of lines'(id) {
    const { completeness, gaps } = await get<LogsBody>(id, '/logs?after=0');
    return { word: completeness, missing: named(gaps) };
  },
  async 'the log in the shape of runvoy on AWS'(id) {
    const { completeness, gaps } = await get<LogsBody>(id, '/logs');
    return { word: completeness, missing: named(gaps) };
  },
  async 'logs.txt'(id) {
    const { headers, payload } = await world.call('GET', `/api/v1/executions/${id}/logs.txt`);
    return { word: String(headers['runvoy-log-completeness']), missing: namedIn(payload) };
  },
  async 'the state of the run'(id) {
    const { log } = await get<ExecutionStatusBody>(id, '/status');
    return { word: log?.completeness ?? 'running', missing: named(log?.gaps) };
  },
  async 'logs/verify'(id) {
    const { completeness, gaps } = await get<VerifyLogBody>(id, '/logs/verify');
    return { word: completeness, missing: named(gaps) };
  },
  async 'server-sent events'(id, state) {
    const events = await readEvents((await new RunvoyClient(access).ticket(id)).events_url, {});
    if (isOpen(state)) {
      // There is no end to wait for.
      const shown = events.untilLine(lastShown(state));
      const word = await Promise.race([events.all.then(() => 'ended'), shown.then(() => 'running')]);
      return { word, missing: [] };
    }
    const all = await events.all;
    const gaps = all.filter(({ name }) => name === 'gap').map(({ data }) => data as unknown as LogGap);
    return { word: all.at(-1)!.data['completeness'] as string, missing: named(gaps) };
  },
  async 'frames of runvoy.v2'(id, state) {
    const frames = await framesOf(id, state, STREAM_PROTOCOL);
    const last = frames.find(({ type }) => type === 'end');
    const gaps = frames.filter(({ type }) => type === 'gap') as unknown as LogGap[];
    return { word: last ? (last['completeness'] as string) : 'running', missing: named(gaps) };
  },
  async 'bare frames'(id, state) {
    const frames = await framesOf(id, state);
    const last = frames.find(({ type }) => type === 'disconnect');
    const word = last ? ((last['completeness'] as string | undefined) ?? 'complete') : 'running';
    return { word, missing: namedIn(frames.map(({ message }) => message).join('\n')) };
  },
  async 'runvoy logs'(id) {
    const { err } = await cli('logs', id);
    const word = /running|not settled yet|NOT complete|unproven|complete, verified/.exec(err)?.[0];
    return {
      word: word && WORDS[word],
      missing: [...err.matchAll(/^missing: lines (\S+)$/gm)].map(([, name]) => name!),
    };
  },
  async 'runvoy logs --verify'(id) {
    const { verdict, gaps } = JSON.parse((await cli('logs', '--verify', '--json', id)).out) as VerifyLogBody & {
      readonly verdict: string;
    };
    return { word: verdict === 'verified' ? 'complete' : verdict, missing: named(gaps) };
  },
  async 'the console'(id, state) {
    const shown = new RunState(id);
    const left = new AbortController();
    const following = followRun(shown, { api: new RunvoyClient(access), now: () => T0 }, left.signal);
    if (isOpen(state)) {
      await new Promise<void>((resolve) => {
        const leave = shown.subscribe(() => {
          if (shown.log.cursor < lastShown(state)) return;
          leave();
          resolve();
        });
      });
      left.abort();
    }
    await following;
    const kind = shown.seal?.kind ?? 'running';
    return { word: kind === 'verified' ? 'complete' : kind, missing: named(shown.log.gaps) };
  },
};

const WORDS: Readonly<Record<string, Completeness>> = {
  running: 'running',
  'not settled yet': 'running',
  'NOT complete': 'gaps',
  unproven: 'unproven',
  'complete, verified': 'complete',
};

describe.each<[State, Completeness, readonly string[]]>([
  ['complete', 'complete', []],
  ['running', 'running', []],
  ['settling', 'running', []],
  ['gaps', 'gaps', ['3-4']],
  ['unproven', 'unproven', []],
])('a log that is %s', (state, word, missing) => {
  test.each(Object.entries(DOORS))(`is said to be ${word} by %s`, async (_, ask) => {
    expect(await ask(await logThatIs(state), state)).toEqual({ word, missing });
  });
});
