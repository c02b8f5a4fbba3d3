import type { TicketBody } from '@runvoy/protocol';
import { startServer, type Server } from '../../services/standalone/test/server.ts';
import { percentile, type Benchmark, type Measurement } from '../measurement.ts';
import { openSubject } from '../subject.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { watchWriting, type TimedWriting } from '../timed-writing.ts';
import type { Watched } from '../watchers.ts';

const BATCH_MS = 10;
const STREAM = { perSecond: 1_000, seconds: 21 };
/** Lines so far apart that each is alone. */
const LONE = { perSecond: 4, seconds: 11, followers: 1 };
const SHARES = { p50: 0.5, p99: 0.99, max: 1 };

/** From a command's writing a line to a follower's having it, 1,000 lines/s, against the smallest thing of the same shape. */
export const lineLatency: Benchmark = {
  name: 'line-latency',
  run: () => againstSmallest([['1,000 lines/s, 1 follower', { ...STREAM, followers: 1 }]]),
};

/** The same with many followers, of whom four measure and all are checked. */
export const lineLatencyCrowd: Benchmark = {
  name: 'line-latency-crowd',
  run: () =>
    againstSmallest([
      ['1,000 lines/s, 100 followers', { ...STREAM, followers: 100 }],
      ['10 lines/s, 1,000 followers', { perSecond: 10, seconds: 11, followers: 1_000 }],
      ['1,000 lines/s, 1,000 followers', { perSecond: 1_000, seconds: 11, followers: 1_000 }],
    ]),
};

/** The same of lines that come alone, and of a follower by server-sent events. */
export const lineLatencyLone: Benchmark = {
  name: 'line-latency-lone',
  async run() {
    const lone = await againstSmallest([['a line alone, 1 follower', LONE]]);
    using directory = temporaryDirectory();
    await using server = await startServer();
    const byEvents = await watchWriting({ ...STREAM, followers: 1 }, directory.path, (command) =>
      eventsOf(server, command),
    );
    return [...lone, ...rows('1,000 lines/s, 1 follower by server-sent events', byEvents)];
  },
};

async function againstSmallest(cases: readonly (readonly [string, TimedWriting])[]): Promise<Measurement[]> {
  using directory = temporaryDirectory();
  const measured: Measurement[] = [];
  for (const [what, writing] of cases) {
    const floor = await watchSmallest(writing, directory.path);
    await using server = await startServer();
    const ours = await watchWriting(
      writing,
      directory.path,
      async (command) => `${(await server.run(command)).websocket_url}&after=0`,
    );
    measured.push(...rows(what, ours, floor));
  }
  return measured;
}

async function watchSmallest(writing: TimedWriting, directory: string): Promise<Watched> {
  await using stack = new AsyncDisposableStack();
  return await watchWriting(writing, directory, async (command) => {
    const smallest = stack.use(await openSubject('smallest-log', directory, String(BATCH_MS), command));
    return smallest.ready['url']!;
  });
}

async function eventsOf(server: Server, command: string): Promise<string> {
  const { execution_id } = await server.run(command);
  const ticket = await server.call<TicketBody>('POST', `/api/v1/executions/${execution_id}/ticket`);
  return ticket.events_url;
}

function rows(what: string, ours: Watched, floor?: Watched): Measurement[] {
  return Object.entries(SHARES).map(([name, share]) => ({
    what: `line written to line seen, ${what}, ${name}`,
    value: percentile(ours.latenciesMs, share),
    unit: 'ms',
    ...(floor && { floor: { what: 'the smallest log', value: percentile(floor.latenciesMs, share) } }),
  }));
}
