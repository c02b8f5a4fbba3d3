import { executionRef } from '../src/executions/execution.ts';
import { runInputRef } from '../src/executions/run-input.ts';
import type { Records } from '../src/records/records.ts';
import type { PlatformModel } from './platform.ts';
import type { RunTruth } from './run-truth.ts';
import type { World } from './world.ts';

/** What is left when all is over. */
export interface EndedScene {
  readonly world: World;
  readonly records: Records;
  readonly platform: PlatformModel;
  /** Ids of the events that were delivered. */
  readonly delivered: { has(id: string): boolean };
  /** All was told again: nothing is on its way any more. */
  readonly isTold: boolean;
}

/** A last reading of a run: its state, its input, whoever is told of its end, and its log are as they have to be when all is over. */
export async function checkEndedRun(scene: EndedScene, run: RunTruth): Promise<void> {
  const { world, records, platform, delivered } = scene;
  const stored = (await records.get(executionRef(run.id)))?.value;
  if (!stored) return world.violate('lost-run', `${run.label} is gone`);
  if (stored.status !== run.execution!.status)
    world.violate('terminal-changed', `${run.label} is stored as ${stored.status}`);
  if (run.hasInput || (await records.get(runInputRef(run.id)))) {
    world.violate('input-destroyed', `${run.label} has ended and its input is still stored`);
  }
  if (run.isEndTold && !delivered.has(`finished-${run.id}`)) {
    world.violate('outbox', `nobody was told of the end of ${run.label}`);
  }
  // Whatever the log is called, what was acknowledged is there.
  const chunks = [...run.chunks.values()].toSorted((a, b) => a.from - b.from);
  for (const [index, chunk] of chunks.entries()) {
    const next = chunks[index + 1];
    if (next && next.from <= chunk.through)
      world.violate('exactly-once', `${run.label}: two chunks hold line ${next.from}`);
  }
  const head = chunks.at(-1)?.through ?? 0;
  checkOutput(scene, run);
  // What lies in a lane that can be read to its end is taken from there, should it have come no other way.
  const lanes = platform.tasks.filter((task) => task.run === run && task.runner?.command);
  if (world.flavour === 'local' && run.report && lanes.every((task) => !task.lacksEntries) && !stored.log_proven) {
    world.violate('line-missing', `${run.label}: all its lines are in the lane and its log is not proven`);
  }
  if (stored.log_proven && head !== stored.end_record?.lines) {
    world.violate('hash-wrong', `${run.label}: proven, and its head is ${head}`);
  }
}

/** What was cut is what the command wrote, and of that nothing is missing that one of the lanes has not dropped. */
function checkOutput({ world, platform, isTold }: EndedScene, run: RunTruth): void {
  const output = run.lines.filter(({ stream }) => stream === 'stdout').map(({ text }) => text);
  if (output.join('\n') !== run.written.slice(0, output.length).join('\n')) {
    world.violate('line-changed', `${run.label}: what was cut is not what the command wrote`);
  }
  // Until all was told again, what lies in a cloud's lane may be on its way.
  for (const task of isTold ? platform.tasks : []) {
    if (task.run !== run) continue;
    for (const { entry } of task.lane) {
      if (entry.runvoy !== 'logs' || run.chunks.has(entry.body.from)) continue;
      world.violate('line-missing', `${run.label}: lines from ${entry.body.from} lie in its safety lane alone`);
    }
  }
}
