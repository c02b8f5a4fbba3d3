import { createHash } from 'node:crypto';
import { executionRef, type Execution } from '../../src/executions/execution.ts';
import type { Records } from '../../src/records/records.ts';
import type { RunWorld } from '../../test/run-world.ts';
import { appendBatch } from '../../src/logs/append-batch.ts';
import { nameOf } from '../../test/fake-job-runner.ts';

const A_BATCH = 1_000;
const USERS = 20;

/** One run that was lived to its end through core's own functions, as it is stored then. */
export async function livedExecution(world: RunWorld): Promise<Execution> {
  const run = await world.running();
  await appendBatch(world, run.id, run.logs(1, 'one', 'two'));
  await run.finish({}, 'one', 'two');
  world.jobs.shows(1, {
    state: 'ended',
    end: { platform_execution: nameOf(1), at_ms: world.clock.now(), kind: 'exited' },
  });
  const { execution } = await run.look();
  if (execution.unfinished) throw new Error(`The run that history is made of is ${execution.status}, not over.`);
  return execution;
}

/** Stores `count` copies of a run that is over, each with an id, an owner, an outcome and times of its own, all older than it. */
export async function storeHistory(
  records: Pick<Records, 'createMany'>,
  lived: Execution,
  count: number,
): Promise<void> {
  for (let from = 0; from < count; from += A_BATCH) {
    const entries = Array.from({ length: Math.min(A_BATCH, count - from) }, (_, index) => {
      const value = copyOf(lived, from + index);
      return { ref: executionRef(value.execution_id), value };
    });
    const outcomes = await records.createMany(entries);
    const refused = outcomes.find((outcome) => outcome !== 'created');
    if (refused !== undefined) throw new Error(`An execution of the history was not stored: ${refused}.`);
  }
}

function copyOf(lived: Execution, index: number): Execution {
  const agoMs = (index + 1) * 1_000;
  const isFailed = index % 10 === 0;
  return {
    ...lived,
    execution_id: createHash('md5').update(`history ${index}`).digest('hex'),
    created_by: `user-${index % USERS}@example.com`,
    status: isFailed ? 'FAILED' : 'SUCCEEDED',
    exit_code: isFailed ? 1 : 0,
    started_at_ms: lived.started_at_ms - agoMs,
    ...(lived.completed_at_ms === undefined ? {} : { completed_at_ms: lived.completed_at_ms - agoMs }),
  };
}
