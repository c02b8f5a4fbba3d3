import { expect, test } from '@jest/globals';
import type { AttemptRef, JobRunner, PlatformView, StartOrder } from '@runvoy/core';

/** A job runner with a platform behind it and an intake that its runners can reach. */
export interface JobRunnerWorld extends AsyncDisposable {
  readonly jobs: JobRunner;
  /** An order of a new execution whose runner is told, at bootstrap, to run `command`. */
  order(command: string): StartOrder;
  /** Everything the runner of that execution printed, as its intake got it. */
  readonly output: (executionId: string) => readonly string[];
  /** Resolves when `holds` does; rejects, naming `what`, when it never does. */
  readonly until: <T>(what: string, holds: () => Promise<T | undefined | false> | T | undefined | false) => Promise<T>;
}

/** What platforms do differently, each in its own right. */
export interface JobRunnerTraits {
  /** `whole`: every line and the report, final once the writer is dead. `reports`: the reports alone, never known to be complete. */
  readonly lane: 'whole' | 'reports';
  /** Whether what is forgotten is gone, or stays what it was because the platform forgets by itself. */
  readonly forgets: boolean;
}

const OWN_PLATFORM: JobRunnerTraits = { lane: 'whole', forgets: true };

/** Lives until it is stopped, and says when it has begun. */
const ENDLESS = 'echo begun; while :; do sleep 1; done';

/** What every JobRunner must do. */
export function jobRunnerContract(open: () => Promise<JobRunnerWorld>, traits = OWN_PLATFORM): void {
  const ended = ({ jobs, until }: JobRunnerWorld, attempt: AttemptRef) =>
    until('the end', async () => {
      const view = await jobs.look(attempt);
      return view.state === 'ended' && view.end;
    });
  const begun = ({ output, until }: JobRunnerWorld, { execution_id }: AttemptRef) =>
    until('the first line', () => output(execution_id).includes('begun'));
  const endless = async (world: JobRunnerWorld) => {
    const order = world.order(ENDLESS);
    await world.jobs.start(order);
    await begun(world, order);
    return order;
  };

  test('knows nothing of an attempt that was never started, and does not take that for a proof at once', async () => {
    await using world = await open();
    expect(await world.jobs.look(world.order('true'))).toEqual({ state: 'absent', never: false });
  });

  test('an attempt that was started is seen from then on, and ends with its command', async () => {
    await using world = await open();
    const order = world.order('echo hello');
    expect(await world.jobs.start(order)).toMatchObject({ outcome: 'started' });
    const states: PlatformView['state'][] = ['starting', 'alive', 'ended'];
    expect(states).toContain((await world.jobs.look(order)).state);
    expect(await ended(world, order)).toMatchObject({ kind: 'exited' });
    expect(world.output(order.execution_id)).toEqual(['hello']);
  });

  test('a start of the same attempt again runs nothing twice', async () => {
    await using world = await open();
    const order = world.order('echo hello');
    await Promise.all([world.jobs.start(order), world.jobs.start(order)]);
    await ended(world, order);
    await world.jobs.start(order);
    await ended(world, order);
    expect(world.output(order.execution_id)).toEqual(['hello']);
  });

  test('the end of an attempt is the same in every look', async () => {
    await using world = await open();
    const order = world.order('exit 7');
    await world.jobs.start(order);
    const end = await ended(world, order);
    expect(await world.jobs.look(order)).toEqual({ state: 'ended', end });
  });

  test('a running attempt is alive and watched until it is cancelled, and then ended as cancelled', async () => {
    await using world = await open();
    const order = await endless(world);
    expect(await world.jobs.look(order)).toMatchObject({ state: 'alive', unwatched: false });
    await world.jobs.cancel(order, { grace_ms: 5_000 });
    await world.jobs.cancel(order, { grace_ms: 5_000 });
    expect(await ended(world, order)).toMatchObject({ kind: 'cancelled' });
  });

  test('a cancel ends only the execution it names', async () => {
    await using world = await open();
    const [stopped, other] = [await endless(world), await endless(world)];
    await world.jobs.cancel(stopped, { grace_ms: 5_000 });
    await ended(world, stopped);
    expect(await world.jobs.look(other)).toMatchObject({ state: 'alive' });
    await world.jobs.cancel(other, { grace_ms: 5_000 });
    await ended(world, other);
  });

  test('a cancel of an attempt that is unknown or has ended is no error and changes nothing', async () => {
    await using world = await open();
    const order = world.order('true');
    await world.jobs.cancel(order, { grace_ms: 1_000 });
    expect(await world.jobs.look(order)).toMatchObject({ state: 'absent' });
    await world.jobs.start(order);
    const end = await ended(world, order);
    await world.jobs.cancel(order, { grace_ms: 1_000 });
    expect(await world.jobs.look(order)).toEqual({ state: 'ended', end });
  });

  const laneOf = async ({ jobs, until }: JobRunnerWorld, attempt: AttemptRef) => {
    const read = async () => {
      const { entries, final } = await jobs.readSafetyLane(attempt);
      return { final, entries: await Array.fromAsync(entries) };
    };
    // What a platform collects may come after the end.
    return until('the report', async () => {
      const lane = await read();
      return lane.entries.at(-1)?.runvoy === 'finished' && lane;
    });
  };

  if (traits.lane === 'whole') {
    test('the safety lane of an ended attempt is final, and holds every line and the end', async () => {
      await using world = await open();
      const order = world.order('echo one; echo two');
      await world.jobs.start(order);
      await ended(world, order);
      const { entries, final } = await laneOf(world, order);
      expect(final).toBe(true);
      const lines = entries.flatMap((entry) => (entry.runvoy === 'logs' ? entry.body.lines : []));
      expect(lines.filter(({ stream }) => stream === 'stdout').map(({ text }) => text)).toEqual(['one', 'two']);
      expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i + 1));
      expect(entries.at(-1)).toMatchObject({ runvoy: 'finished', body: { cause: 'exited', exit_code: 0 } });
    });
  } else {
    test('the safety lane of an ended attempt holds its report, and is not known to be complete', async () => {
      await using world = await open();
      const order = world.order('echo one; exit 3');
      await world.jobs.start(order);
      const { platform_execution } = await ended(world, order);
      const { entries, final } = await laneOf(world, { ...order, platform_execution });
      expect(final).toBe(false);
      const { execution_id, attempt } = order;
      expect(entries).toMatchObject([
        { runvoy: 'finished', execution_id, attempt, body: { cause: 'exited', exit_code: 3 } },
      ]);
    });
  }

  test('the safety lane of a running attempt is not final', async () => {
    await using world = await open();
    const order = await endless(world);
    expect((await world.jobs.readSafetyLane(order)).final).toBe(false);
    await world.jobs.cancel(order, { grace_ms: 1_000 });
    await ended(world, order);
  });

  test('the list names every execution once, page by page, and says which have ended', async () => {
    await using world = await open();
    const over = [world.order('true'), world.order('true')];
    for (const order of over) {
      await world.jobs.start(order);
      await ended(world, order);
    }
    const running = await endless(world);
    const listed = new Map<string, boolean>();
    for (let after: string | undefined; ;) {
      const page = await world.jobs.list({ limit: 1, ...(after !== undefined && { after }) });
      for (const { execution_id, ended: isEnded } of page.executions) {
        expect(listed.has(execution_id)).toBe(false);
        listed.set(execution_id, isEnded);
      }
      if (page.next === undefined) break;
      after = page.next;
    }
    const expected = [
      ...over.map((order) => [order.execution_id, true] as const),
      [running.execution_id, false] as const,
    ];
    expect(new Map([...listed].sort())).toEqual(new Map(expected.sort()));
    await world.jobs.cancel(running, { grace_ms: 1_000 });
    await ended(world, running);
  });

  test(`a forgotten execution ${traits.forgets ? 'is unknown' : 'stays what it was'}, and forgetting it again is no error`, async () => {
    await using world = await open();
    const order = world.order('true');
    await world.jobs.start(order);
    const end = await ended(world, order);
    await world.jobs.forget(order.execution_id);
    await world.jobs.forget(order.execution_id);
    const view = traits.forgets ? { state: 'absent' } : { state: 'ended', end };
    expect(await world.jobs.look(order)).toMatchObject(view);
    expect((await world.jobs.list({ limit: 10 })).executions).toHaveLength(traits.forgets ? 0 : 1);
  });
}
