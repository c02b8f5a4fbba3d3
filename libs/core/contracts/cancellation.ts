import { expect, test } from '@jest/globals';
import type { AttemptRef } from '@runvoy/core';
import type { JobRunnerWorld } from './job-runner.ts';
import { livingProcesses } from './living-processes.ts';
import { STUBBORN_COMMANDS } from './stubborn-commands.ts';

/** What platforms do differently about a cancel, each in its own right. */
export interface CancellationTraits {
  /** A second cancel can leave an attempt less time. Where the platform's grace is its own, the runner's server tells it instead. */
  readonly hastens: boolean;
}

/** What every JobRunner's cancel must do: whatever is left of an attempt is gone before its end is told, and the end stays the end. */
export function cancellationContract(open: () => Promise<JobRunnerWorld>, { hastens }: CancellationTraits): void {
  const ended = ({ jobs, until }: JobRunnerWorld, attempt: AttemptRef) =>
    until('the end', async () => {
      const view = await jobs.look(attempt);
      return view.state === 'ended' && view.end;
    });
  const begin = async (world: JobRunnerWorld, command: string) => {
    const order = world.order(command);
    await world.jobs.start(order);
    await world.until('the first line', () => world.output(order.execution_id).includes('begun'));
    expect(livingProcesses(order.execution_id)).not.toEqual([]);
    return order;
  };

  test.each(STUBBORN_COMMANDS.map((one) => [one.name, one.command] as const))(
    '%s is cancelled: nothing of it lives when the end is told',
    async (_, command) => {
      await using world = await open();
      const order = await begin(world, command);
      await world.jobs.cancel(order, { grace_ms: 1_000 });
      const end = await ended(world, order);
      expect(livingProcesses(order.execution_id)).toEqual([]);
      expect(end.kind).toBe('cancelled');
    },
  );

  test('a command that tidies up gets the time for it', async () => {
    await using world = await open();
    const order = await begin(world, `trap 'echo tidied; exit 0' TERM; echo begun; while :; do sleep 0.1; done`);
    await world.jobs.cancel(order, { grace_ms: 5_000 });
    await ended(world, order);
    await world.until('the last line', () => world.output(order.execution_id).includes('tidied'));
  });

  test('an attempt that is cancelled while it is starting ends, and nothing of it lives or comes later', async () => {
    await using world = await open();
    const order = world.order('echo begun; while :; do sleep 0.1; done');
    await world.jobs.start(order);
    await world.jobs.cancel(order, { grace_ms: 0 });
    const end = await ended(world, order);
    expect(livingProcesses(order.execution_id)).toEqual([]);
    const printed = world.output(order.execution_id).length;
    expect(await world.jobs.look(order)).toEqual({ state: 'ended', end });
    expect(world.output(order.execution_id)).toHaveLength(printed);
  });

  test('several cancels at once are one', async () => {
    await using world = await open();
    const order = await begin(world, `trap '' TERM; echo begun; while :; do sleep 0.1; done`);
    await Promise.all([1, 2, 3].map(() => world.jobs.cancel(order, { grace_ms: 500 })));
    expect((await ended(world, order)).kind).toBe('cancelled');
    expect(livingProcesses(order.execution_id)).toEqual([]);
  });

  test('a cancel that comes when the command has ended by itself does not make its end another', async () => {
    await using world = await open();
    const order = world.order('echo begun; exit 3');
    await world.jobs.start(order);
    const end = await ended(world, order);
    expect(end.kind).toBe('exited');
    await world.jobs.cancel(order, { grace_ms: 0 });
    expect(await world.jobs.look(order)).toEqual({ state: 'ended', end });
  });

  if (!hastens) return;
  test('a second cancel leaves less time, and never more', async () => {
    await using world = await open();
    const order = await begin(world, `trap '' TERM; echo begun; while :; do sleep 0.1; done`);
    await world.jobs.cancel(order, { grace_ms: 600_000 });
    await world.jobs.cancel(order, { grace_ms: 0 });
    await world.jobs.cancel(order, { grace_ms: 600_000 });
    expect((await ended(world, order)).kind).toBe('cancelled');
  });
}
