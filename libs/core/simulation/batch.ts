import { runHistory } from './history.ts';
import { noneReached, type ReachedCounts } from './reached.ts';
import { tellStory, type Story } from './story.ts';
import type { Swarm } from './faults.ts';
import type { Flavour } from './world.ts';

export interface BatchOrder {
  readonly from: number;
  readonly count: number;
  readonly flavour?: Flavour;
  /** Instead of the faults that each seed draws. */
  readonly swarm?: Swarm;
  /** How many violations are shrunk and told before the batch gives up. */
  readonly maxStories: number;
  /** One story of at most so many steps is enough. */
  readonly shortEnough?: number;
}

export interface BatchReport {
  readonly histories: number;
  readonly portCalls: number;
  readonly simulatedMs: number;
  readonly reached: ReachedCounts;
  readonly stories: readonly Story[];
}

/** How far a batch is. */
export interface BatchProgress {
  readonly done: number;
  /** Seeds of the histories that failed. */
  readonly failed: readonly number[];
}

/** Lives through histories with consecutive seeds. Stops early when enough of them have failed. */
export async function runBatch(order: BatchOrder, progress: (progress: BatchProgress) => void): Promise<BatchReport> {
  const reached = noneReached();
  const stories: Story[] = [];
  let histories = 0;
  let portCalls = 0;
  let simulatedMs = 0;
  while (histories < order.count && stories.length < order.maxStories) {
    const options = {
      seed: order.from + histories,
      ...(order.flavour === undefined ? {} : { flavour: order.flavour }),
      ...(order.swarm === undefined ? {} : { swarm: order.swarm }),
    };
    const result = await runHistory(options);
    histories += 1;
    portCalls += result.portCalls;
    simulatedMs += result.simulatedMs;
    for (const situation of result.reached) reached[situation] += 1;
    if (result.violation) {
      const story = await tellStory(options, result);
      stories.push(story);
      if (story.steps.length <= (order.shortEnough ?? 0)) break;
    }
    if (histories % 100 === 0 || result.violation) {
      progress({ done: histories, failed: stories.map(({ seed }) => seed) });
    }
  }
  return { histories, portCalls, simulatedMs, reached, stories };
}
