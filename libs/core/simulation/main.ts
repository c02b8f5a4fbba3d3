/**
 * `npm run test:sim -- --histories N --seed S`: lives through N histories, tells of every violation as a short story, and fails when
 * there was one, or when a long run did not come upon a rare situation often enough.
 *
 * `--stories N` ends after so many violations, `--short N` after one that is told in so few steps. `--flavour local|cloud` keeps to one,
 * `--faults a,b` to these, often; `--plant NAME` puts a known bug in, `--replay` prints every event of the first history,
 * `--workers N` says how many threads, `--json` prints the report alone. `--advance N` tries N cases on the decision alone instead.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { MessageChannel, Worker } from 'node:worker_threads';
import { tryAdvance } from './advance-harness.ts';
import type { BatchOrder, BatchProgress, BatchReport } from './batch.ts';
import { drawSwarm, swarmOf } from './faults.ts';
import { runHistory } from './history.ts';
import { noneReached, SITUATION_NAMES, SITUATIONS, type Situation } from './reached.ts';
import { traceText } from './trace.ts';
import { T0, type Flavour } from './world.ts';

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    flavour: { type: 'string' },
    faults: { type: 'string' },
    plant: { type: 'string' },
    replay: { type: 'boolean', default: false },
    stories: { type: 'string', default: '3' },
    short: { type: 'string' },
    workers: { type: 'string' },
    json: { type: 'boolean', default: false },
    advance: { type: 'string' },
  },
});

/** How often each rare situation has to be reached in so many histories, in a run of that many or more. */
const ENOUGH = { reached: 50, histories: 20_000 } as const;
const HISTORIES_A_WORKER = 250;
const TOLD_EVERY = 1_000;
let toldAt = 0;

const histories = Number(values.histories);
const seed = Number(values.seed);
const flavour = values.flavour as Flavour | undefined;
const swarm = values.faults === undefined ? undefined : swarmOf(values.faults.split(','));
/** What every history has in common. */
const common = { ...(flavour === undefined ? {} : { flavour }), ...(swarm === undefined ? {} : { swarm }) };

if (values.advance !== undefined) tryDecisionAlone(Number(values.advance));
else if (values.replay) await replay();
else await runAll();

async function replay(): Promise<void> {
  const result = await runHistory({ seed, ...common });
  console.log(`seed ${seed}, faults ${JSON.stringify(swarm ?? drawSwarm(seed))}`);
  for (const line of result.trace) console.log(traceText(line, T0));
  if (result.violation) process.exitCode = 1;
}

function tryDecisionAlone(cases: number): void {
  const startedAt = performance.now();
  const fault = tryAdvance(seed, cases);
  const seconds = (performance.now() - startedAt) / 1000;
  if (fault) {
    console.log(`[${fault.what}] seed ${fault.seed}`);
    for (const piece of fault.evidence) console.log(JSON.stringify(piece));
    process.exitCode = 1;
  } else console.log(`${cases} cases of advance alone in ${seconds.toFixed(1)} s, no fault`);
}

async function runAll(): Promise<void> {
  const startedAt = performance.now();
  const workers = Math.max(
    1,
    Math.min(Number(values.workers ?? availableParallelism()), Math.floor(histories / HISTORIES_A_WORKER)),
  );
  const done = Array.from({ length: workers }, (): BatchProgress => ({ done: 0, failed: [] }));
  const share = Math.ceil(histories / workers);
  const reports = await Promise.all(
    done.map((_, index) => {
      const count = Math.min(share, histories - index * share);
      const order = {
        from: seed + index * share,
        count,
        maxStories: Number(values.stories),
        ...(values.short === undefined ? {} : { shortEnough: Number(values.short) }),
        ...common,
      };
      return runInWorker(order, (progress) => {
        done[index] = progress;
        showProgress(done);
      });
    }),
  );
  if (!values.json && process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const report = reports.reduce(joined);
  const seconds = (performance.now() - startedAt) / 1000;
  if (values.json) console.log(JSON.stringify(report));
  else print(report, seconds, workers);
  if (report.stories.length > 0 || tooRare(report).length > 0) process.exitCode = 1;
}

function runInWorker(order: BatchOrder, told: (progress: BatchProgress) => void): Promise<BatchReport> {
  return new Promise((resolve, reject) => {
    const { port1, port2 } = new MessageChannel();
    const workerData = { order, port: port2, ...(values.plant === undefined ? {} : { bug: values.plant }) };
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData, transferList: [port2] });
    port1.on('message', (message: { progress?: BatchProgress; report?: BatchReport }) => {
      if (message.progress) told(message.progress);
      if (message.report) resolve(message.report);
    });
    // Whatever was told before the end is heard before it is taken for a failure.
    worker.on('error', reject);
    port1.on('close', () => reject(new Error('a worker ended without a report')));
  });
}

/** How far it is, which seeds have failed, and what it takes of memory, all threads together: a long run must not grow. */
function showProgress(parts: readonly BatchProgress[]): void {
  if (values.json) return;
  const done = parts.reduce((sum, part) => sum + part.done, 0);
  const failed = parts.flatMap((part) => part.failed);
  const failures = failed.length === 0 ? '' : `, failed: ${failed.join(' ')}`;
  const text = `${done} of ${histories} histories, ${Math.round(process.memoryUsage.rss() / 1_048_576)} MiB${failures}`;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (done >= toldAt + TOLD_EVERY) {
    toldAt = done - (done % TOLD_EVERY);
    process.stderr.write(`${text}\n`);
  }
}

/** What else a replay has to be told. */
function chosenText(): string {
  return (['flavour', 'faults'] as const)
    .flatMap((name) => (values[name] ? [` --${name} ${values[name]}`] : []))
    .join('');
}

function joined(a: BatchReport, b: BatchReport): BatchReport {
  const reached = noneReached();
  for (const name of SITUATION_NAMES) reached[name] = a.reached[name] + b.reached[name];
  return {
    histories: a.histories + b.histories,
    portCalls: a.portCalls + b.portCalls,
    simulatedMs: a.simulatedMs + b.simulatedMs,
    reached,
    stories: [...a.stories, ...b.stories],
  };
}

function tooRare({ histories: lived, reached }: BatchReport): readonly Situation[] {
  if (lived < ENOUGH.histories || Object.keys(common).length > 0) return [];
  return SITUATION_NAMES.filter((name) => reached[name] < (ENOUGH.reached * lived) / ENOUGH.histories);
}

function print(report: BatchReport, seconds: number, workers: number): void {
  const days = (report.simulatedMs / 86_400_000).toFixed(1);
  console.log(`Rare situations reached in ${report.histories} histories from seed ${seed}:`);
  for (const name of SITUATION_NAMES) {
    console.log(`${String(report.reached[name]).padStart(8)}  ${name.padEnd(34)} ${SITUATIONS[name]}`);
  }
  for (const name of tooRare(report)) console.log(`too rare: ${name}, reached ${report.reached[name]} times`);
  for (const story of report.stories) {
    console.log(`\n[${story.invariant}] seed ${story.seed}: ${story.details}`);
    console.log(`faults of this seed: ${JSON.stringify(swarm ?? drawSwarm(story.seed))}`);
    if (!story.isRepeatable)
      console.log('THE SAME SEED GAVE ANOTHER HISTORY: the simulation itself is not deterministic');
    console.log(`what it still takes: ${story.strange.join('; ') || 'nothing strange'}`);
    for (const step of story.steps) console.log(step);
    console.log(`the whole of it: npm run test:chaos -- --seed ${story.seed} --replay${chosenText()}`);
  }
  const rate = (report.histories / seconds).toFixed(0);
  console.log(
    `\n${report.histories} histories, ${report.portCalls} port calls, ${days} simulated days in ${seconds.toFixed(1)} s ` +
      `with ${workers} threads: ${rate} histories/s; ${report.stories.length} violations`,
  );
}
