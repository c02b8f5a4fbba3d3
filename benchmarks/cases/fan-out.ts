import { appendBatch, systemClock } from '@runvoy/core';
import { openLiveView, openSockets } from '../live-bench.ts';
import { percentile, type Benchmark, type Measurement } from '../measurement.ts';
import { sampleBatch, sampleChunks } from '../sample-run.ts';

const LINES = 50;
/** Taken in turns, of which the middle one counts. */
const ROUNDS = 5;
const CROWDS = [
  { followers: 100, batches: 300 },
  { followers: 1_000, batches: 60 },
] as const;

/** Chunks of 50 lines shown to many, against as many `ws` sends of one frame that was serialised before. */
export const fanOut: Benchmark = {
  name: 'fan-out',
  async run() {
    const measurements: Measurement[] = [];
    for (const { followers, batches } of CROWDS) {
      const rates: { bare: number[]; shown: number[]; stored: number[] } = { bare: [], shown: [], stored: [] };
      for (let round = 0; round < ROUNDS; round += 1) {
        rates.bare.push(await bare(followers, batches));
        rates.shown.push(await shown(followers, batches));
        rates.stored.push(await stored(followers, batches));
      }
      const floor = { what: 'one pre-serialised frame', value: percentile(rates.bare, 0.5) };
      const crowd = `${followers.toLocaleString('en-US')} followers`;
      const unit = 'k lines/CPU-s';
      measurements.push(
        { what: `shown to ${crowd}`, unit, value: percentile(rates.shown, 0.5), floor },
        { what: `stored and shown to ${crowd}`, unit, value: percentile(rates.stored, 0.5), floor },
      );
    }
    return measurements;
  },
};

async function shown(followers: number, batches: number): Promise<number> {
  await using view = await openLiveView();
  await view.follow(followers);
  const chunks = [...sampleChunks(view.executionId, 2 * batches * LINES, LINES)];
  return await thousandLinesPerCpuSecond({ followers, batches, sent: () => view.sent() }, async (index) =>
    view.show(chunks[index]!),
  );
}

async function stored(followers: number, batches: number): Promise<number> {
  await using view = await openLiveView();
  await view.follow(followers);
  const deps = { records: view.records, clock: systemClock };
  return await thousandLinesPerCpuSecond({ followers, batches, sent: () => view.sent() }, async (index) => {
    await appendBatch(deps, view.executionId, sampleBatch(1 + index * LINES, LINES));
  });
}

async function bare(followers: number, batches: number): Promise<number> {
  await using server = await openSockets();
  await server.follow(followers);
  const frames = Array.from({ length: 2 * batches }, (_, index) => {
    const { from, lines } = sampleBatch(1 + index * LINES, LINES);
    return Buffer.from(JSON.stringify({ type: 'lines', from, lines }));
  });
  return await thousandLinesPerCpuSecond({ followers, batches, sent: () => server.sent() }, async (index) => {
    for (const socket of server.sockets) socket.send(frames[index]!, { binary: false });
  });
}

async function thousandLinesPerCpuSecond(
  args: { readonly followers: number; readonly batches: number; readonly sent: () => Promise<void> },
  send: (index: number) => Promise<void>,
): Promise<number> {
  const warmUp = Math.ceil(args.batches / 5);
  for (let index = 0; index < warmUp; index += 1) await send(index);
  await args.sent();
  const before = process.cpuUsage();
  for (let index = warmUp; index < warmUp + args.batches; index += 1) {
    await send(index);
    // At the pace of a slow reader: what is measured is sending, not queueing.
    if (index % 5 === 0) await args.sent();
  }
  await args.sent();
  const { user, system } = process.cpuUsage(before);
  return (args.followers * args.batches * LINES) / 1_000 / ((user + system) / 1e6);
}
