import { STUBBORN_COMMANDS } from '../../libs/core/contracts/stubborn-commands.ts';
import { whyNoBubblewrap } from '../../jobs/sandbox-runner/test/bubblewrap-here.ts';
import { startServer, testApi } from '../../services/standalone/test/server.ts';
import { IMAGES } from '../../tools/emulated/images.ts';
import { startEmulatedStack } from '../../tools/emulated/stack.ts';
import { bareProcess, openBareJobs } from '../bare-stops.ts';
import { percentile, type Benchmark, type Measurement } from '../measurement.ts';
import { stopTimes, type StopCase } from '../stop-times.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const GRACE_MS = 10_000;

const command = (name: string) => STUBBORN_COMMANDS.find((one) => one.name === name)!.command;
const OBEYS = command('a command that obeys');
const DEAF = command('a command that ignores SIGTERM');
/** The first process of a container gets no signal that it does not ask for. */
const OBEYS_AS_FIRST = `trap 'exit 0' TERM; ${OBEYS}`;
const ESCAPED = command('a command whose child left its session');

/** `each`: how many of a kind at once, how often; `deaf`: the same of those whose grace is waited for. */
type Amount = Pick<StopCase, 'atOnce' | 'rounds'>;
const casesOf = (each: Amount, deaf: Amount): readonly StopCase[] => [
  { name: 'obeys', command: OBEYS, ...each },
  { name: 'child in a session of its own', command: ESCAPED, ...each },
  { name: 'still starting', command: OBEYS, whileStarting: true, ...each },
  { name: 'ignores SIGTERM, grace 10 s', command: DEAF, ...deaf },
];

interface Floor {
  readonly what: string;
  readonly ms: (stop: StopCase) => Promise<number>;
  readonly times: (stop: StopCase) => number;
}

function rows(where: string, { name }: StopCase, times: readonly number[], floor: Measurement['floor']): Measurement[] {
  const row = (p: string, share: number): Measurement => ({
    what: `stop to STOPPED, ${where}, ${name}, ${p} of ${times.length}`,
    value: percentile(times, share),
    unit: 'ms',
    ...(floor && { floor }),
  });
  return [row('p50', 0.5), row('p99', 0.99)];
}

async function floorOf({ what, ms, times }: Floor, stop: StopCase): Promise<Measurement['floor']> {
  const took: number[] = [];
  for (let nth = 0; nth < times(stop); nth += 1) took.push(await ms(stop));
  return { what, value: percentile(took, 0.5) };
}

/** From the request to stop a run to STOPPED, which is shown when nothing of it lives, against a bare shell: spawn, kill, wait. */
export const cancelHere: Benchmark = {
  name: 'cancel-here',
  async run() {
    const whyNot = await whyNoBubblewrap();
    if (whyNot !== undefined) console.error(`cancel-here: without bubblewrap, ${whyNot}`);
    const isolations = whyNot === undefined ? (['process', 'bubblewrap'] as const) : (['process'] as const);
    const floor: Floor = {
      what: 'a bare shell: spawn, kill, wait',
      ms: (stop) => bareProcess(stop.command === DEAF ? DEAF : OBEYS, GRACE_MS),
      times: (stop) => (stop.command === DEAF ? 1 : 20),
    };
    const measured: Measurement[] = [];
    await using server = await startServer({ env: { RUNVOY_LOCAL_ISOLATION: isolations.at(-1)! } });
    for (const isolation of isolations) {
      for (const stop of casesOf({ atOnce: 1, rounds: 30 }, { atOnce: 10, rounds: 2 })) {
        const beside = await floorOf(floor, stop);
        // What runs for the first time is no measure of the others.
        if (stop.atOnce === 1) await stopTimes(server, { ...stop, rounds: 3 }, { isolation });
        measured.push(...rows(isolation, stop, await stopTimes(server, stop, { isolation }), beside));
      }
    }
    return measured;
  },
};

/** The same on the emulated Google stack, against Google's own client that cancels a bare container on the same Cloud Run. */
export const cancelEmulated: Benchmark = {
  name: 'cancel-emulated',
  async run() {
    using directory = temporaryDirectory();
    await using stack = await startEmulatedStack({ dataDir: directory.path });
    await using bare = await openBareJobs(stack, IMAGES[0]!);
    const server = testApi(stack.ready, stack.ready.api_key);
    const floor: Floor = {
      what: 'a bare container, cancelled by Google’s client',
      ms: (stop) => bare.stop(stop.command === DEAF ? DEAF : OBEYS_AS_FIRST),
      times: (stop) => (stop.command === DEAF ? 1 : 5),
    };
    const measured: Measurement[] = [];
    await stopTimes(server, { name: 'warm-up', command: OBEYS, atOnce: 1, rounds: 2 }, {});
    for (const stop of casesOf({ atOnce: 4, rounds: 3 }, { atOnce: 4, rounds: 3 })) {
      const beside = await floorOf(floor, stop);
      stack.google.cloudRun.faults.startDelayMs = stop.whileStarting ? 3_600_000 : 0;
      measured.push(...rows('emulated Google', stop, await stopTimes(server, stop, {}), beside));
      stack.google.cloudRun.faults.startDelayMs = 0;
    }
    return measured;
  },
};
