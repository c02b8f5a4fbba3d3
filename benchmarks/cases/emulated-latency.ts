import { openEmulatedBench, type EmulatedBench } from '../emulated-bench.ts';
import { percentile, type Benchmark, type Measurement } from '../measurement.ts';
import { watchWriting } from '../timed-writing.ts';

const BATCH_MS = 250;
const CROWDS = [1, 100, 1_000];
const WRITING = { perSecond: 1_000, seconds: 11 };
/** What 1,000 lines/s make in `batch_ms`: 250 lines of 100 bytes with their fields. */
const BATCH_BYTES = 40_000;
const TRIPS = 60;

/**
 * From a command's writing a line to a follower's having it on the emulated Google stack, against what cannot be less: the wait for
 * the batch to be cut, and the emulator's own way from a create to a listener, by Google's client in the same run.
 */
export const emulatedLatency: Benchmark = {
  name: 'emulated-latency',
  async run() {
    await using emulated = await openEmulatedBench();
    await emulated.bare.listenTimes(BATCH_BYTES, TRIPS);
    const created = await emulated.bare.createTimes(BATCH_BYTES, TRIPS);
    const told = await emulated.bare.listenTimes(BATCH_BYTES, TRIPS);
    const measured: Measurement[] = [
      { what: 'emulator, a create of 40 KB, p50', value: percentile(created, 0.5), unit: 'ms' },
      { what: 'emulator, a create of 40 KB until a listener has it, p50', value: percentile(told, 0.5), unit: 'ms' },
      { what: 'the same, p99', value: percentile(told, 0.99), unit: 'ms' },
    ];
    for (const followers of CROWDS) measured.push(...(await latency(emulated, followers, told)));
    return measured;
  },
};

async function latency(
  { server, sharedDirectory }: EmulatedBench,
  followers: number,
  told: readonly number[],
): Promise<Measurement[]> {
  const { latenciesMs } = await watchWriting(
    { ...WRITING, followers },
    sharedDirectory,
    async (command) => `${(await server.run(command)).websocket_url}&after=0`,
  );
  const crowd = `${followers.toLocaleString('en-US')} ${followers === 1 ? 'follower' : 'followers'}`;
  // The middle line of a batch waits for half of it; the first one for all of it.
  const row = (name: string, share: number, waitMs: number): Measurement => ({
    what: `line written to line seen, emulated Google, 1,000 lines/s, ${crowd}, ${name}`,
    value: percentile(latenciesMs, share),
    unit: 'ms',
    floor: { what: `${waitMs} ms of batch_ms, a create, a listener`, value: waitMs + percentile(told, share) },
  });
  return [row('p50', 0.5, BATCH_MS / 2), row('p99', 0.99, BATCH_MS), row('max', 1, BATCH_MS)];
}
