import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Caller } from '../../src/access/authenticate.ts';
import { executionRef, type Execution } from '../../src/executions/execution.ts';
import { lookAtExecution } from '../../src/executions/look-at-execution.ts';
import { waitingFor } from '../../src/executions/waiting-for.ts';
import { runInputRef } from '../../src/executions/run-input.ts';
import { stopExecution } from '../../src/executions/stop-execution.ts';
import { lookAndStart } from '../../src/executions/tick.ts';
import { registerImage } from '../../src/images/register-image.ts';
import { admitAfter, admitWaiting } from '../../src/slots/admit-waiting.ts';
import { queuePlaces } from '../../src/slots/queue-place.ts';
import { NO_SLOTS, slotsRef, WAITING_MAX, type Slots } from '../../src/slots/slots.ts';
import { callerOf, RunWorld, T0 } from '../run-world.ts';

let world: RunWorld;
beforeEach(async () => {
  world = await RunWorld.open();
});

const noticed = (error: unknown) => {
  throw error;
};

/** As the route for runs does it: stored, then started or admitted. */
async function handIn(user = 'ann', image?: string, key: Partial<Caller> = {}): Promise<string> {
  const caller = { ...callerOf('admin', `${user}@example.com`), ...key };
  const { execution } = await world.submit(image === undefined ? {} : { image }, { caller });
  await admitAfter(world, execution, noticed);
  return execution.execution_id;
}

async function stored(id: string): Promise<Execution> {
  return (await world.records.get(executionRef(id)))!.value;
}

async function slots(): Promise<Slots> {
  return (await world.records.get(slotsRef))?.value ?? NO_SLOTS;
}

const holders = async () => (await slots()).holders.map(({ execution_id }) => execution_id);

/** The platform ends the run, and an event makes somebody look at it. */
async function end(id: string): Promise<void> {
  world.jobs.ended(1, world.clock.now());
  world.clock.advance(60_000);
  await lookAndStart(world, id, noticed);
  expect((await stored(id)).status).toBe('FAILED');
}

function stop(id: string) {
  return stopExecution(world, id, { email: 'ann@example.com', requestId: 'r' }, () => undefined, noticed);
}

describe('where no limit is set', () => {
  test('a run has no slot, and no record of slots is ever stored', async () => {
    const id = await handIn();
    await end(id);
    await world.tick();
    expect(await stored(id)).not.toHaveProperty('slot');
    expect(await world.records.get(slotsRef)).toBeUndefined();
  });
});

describe('[slots] a run over the limit', () => {
  beforeEach(() => world.limit({ deployment: 1 }));

  test('is accepted without an attempt and waits', async () => {
    const first = await handIn();
    const second = await handIn();
    expect(await holders()).toEqual([first]);
    const run = await stored(second);
    expect(run).toMatchObject({
      status: 'STARTING',
      waiting: true,
      unfinished: true,
      facts: { attempts: [] },
      queued: { since_ms: T0, until_ms: T0 + 3_600_000 },
    });
    expect(waitingFor(run)).toBe('slot');
    expect(world.jobs.started).toHaveLength(0);
  });

  test('is started by whoever sees the end of the run before it, with a token of its own', async () => {
    const first = await handIn();
    const second = await handIn();
    await end(first);
    expect(await holders()).toEqual([second]);
    const run = await stored(second);
    expect(run).toMatchObject({ slot: true, facts: { attempts: [{ attempt: 1, made_at_ms: T0 + 60_000 }] } });
    expect(run).not.toHaveProperty('waiting');
    expect(world.jobs.started).toMatchObject([{ execution_id: second, attempt: 1 }]);
  });

  test('waits until nothing of the run before it lives: a report gives no slot back', async () => {
    const run = await world.running();
    const waiting = await handIn();
    await run.finish();
    await world.tick();
    expect(await holders()).toEqual([run.id]);
    expect((await stored(waiting)).waiting).toBe(true);
  });

  test('gets the slot of a run whose start was rejected', async () => {
    world.jobs.answersStart = () => ({ outcome: 'rejected', reason: 'quota', details: 'no more' });
    const run = await world.started();
    world.jobs.answersStart = () => ({ outcome: 'started' });
    expect(await holders()).toEqual([]);
    const next = await handIn();
    expect(await holders()).toEqual([next]);
    expect((await run.execution()).reason).toBe('quota');
  });

  test('that is stopped is STOPPED at once, is never started and leaves the queue', async () => {
    const first = await handIn();
    const second = await handIn();
    const third = await handIn('bob');
    expect(await stop(second)).toMatchObject({
      outcome: 'requested',
      execution: { status: 'STOPPED', exit_code: 130 },
    });
    expect(await stop(second)).toMatchObject({ outcome: 'already' });
    expect((await slots()).queues).toMatchObject([{ user: 'bob@example.com', waiting: 1 }]);
    await end(first);
    expect(world.jobs.started).toMatchObject([{ execution_id: third }]);
    expect(world.jobs.cancelled).toEqual([]);
  });

  test('ends FAILED queue_timeout at the tick past its time, with its input, and no sooner', async () => {
    await handIn();
    const { execution } = await world.submit({ env: { A: '1' } });
    const id = execution.execution_id;
    world.clock.advance(3_599_999);
    world.jobs.lives(1);
    await world.tick();
    expect((await stored(id)).status).toBe('STARTING');
    world.clock.advance(1);
    await world.tick();
    expect(await stored(id)).toMatchObject({
      status: 'FAILED',
      exit_code: 1,
      reason: 'queue_timeout',
      completed_at_ms: T0 + 3_600_000,
    });
    expect((await slots()).queues).toEqual([]);
    expect(await world.records.get(runInputRef(id))).toBeUndefined();
  });

  test('that has waited too long is not started when a slot comes free before the tick', async () => {
    const first = await handIn();
    const late = await handIn();
    world.clock.advance(3_600_000);
    const next = await handIn('bob');
    await end(first);
    expect((await stored(late)).reason).toBe('queue_timeout');
    expect(await holders()).toEqual([next]);
  });

  test('handed in again with its key is the same run, and waits once', async () => {
    await handIn();
    const first = await world.submit({}, { idempotencyKey: 'k' });
    const again = await world.submit({}, { idempotencyKey: 'k' });
    expect(again.execution.execution_id).toBe(first.execution.execution_id);
    expect(again.order).toBeUndefined();
    expect((await slots()).queues).toMatchObject([{ waiting: 1 }]);
  });

  test('is refused when as many wait as may', async () => {
    await handIn();
    const full = { ...(await slots()), queues: [{ user: 'bob@example.com', waiting: WAITING_MAX, turn: 1 }] };
    await world.records.transact(async (tx) => tx.set(slotsRef, full));
    await expect(world.submit()).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  });

  test('is let in by the next tick when nobody lived to admit it', async () => {
    const first = await handIn();
    const second = await handIn();
    world.jobs.ended(1, T0);
    world.clock.advance(60_000);
    // The end is stored, and its instance dies.
    await lookAtExecution(world, first);
    expect(await holders()).toEqual([]);
    expect((await world.tick()).admitted).toBe(1);
    expect(await holders()).toEqual([second]);
  });

  test('is let in when the limit is taken away', async () => {
    await handIn();
    const waiting = [await handIn(), await handIn('bob')];
    world.limit({});
    world.jobs.lives(1);
    expect((await world.tick()).admitted).toBe(2);
    for (const id of waiting) expect((await stored(id)).facts.attempts).toHaveLength(1);
  });

  test('is not overtaken by one that comes while a slot is free for it', async () => {
    const first = await handIn();
    const second = await handIn('ann');
    world.jobs.ended(1, T0);
    world.clock.advance(60_000);
    await lookAtExecution(world, first);
    const third = await handIn('bob');
    expect(await holders()).toEqual([second]);
    expect((await stored(third)).waiting).toBe(true);
  });
});

describe('[fair-queue] among those who wait', () => {
  test('users take turns, and each user’s own runs keep their order', async () => {
    world.limit({ deployment: 1 });
    const running = await handIn('ann');
    const names = new Map<string, string>();
    for (const [user, name] of [
      ['ann', 'ann 1'],
      ['ann', 'ann 2'],
      ['ann', 'ann 3'],
      ['bob', 'bob 1'],
      ['bob', 'bob 2'],
    ] as const) {
      world.clock.advance(1);
      names.set(await handIn(user), name);
    }
    let last = running;
    for (let nth = 0; nth < 5; nth += 1) {
      await end(last);
      [last = ''] = await holders();
    }
    const order = world.jobs.started.map(({ execution_id }) => names.get(execution_id));
    expect(order).toEqual(['ann 1', 'bob 1', 'ann 2', 'bob 2', 'ann 3']);
  });

  test('a user at its own limit holds nobody else up', async () => {
    world.limit({ user: 1 });
    await handIn('ann');
    const waiting = await handIn('ann');
    const other = await handIn('bob');
    expect(await holders()).toContain(other);
    expect((await stored(waiting)).waiting).toBe(true);
  });

  test('an image’s own limit holds up its runs, and neither other users nor other runs of the same user', async () => {
    await registerImage(
      world,
      { image: 'heavy:1', max_running: 1 },
      { email: 'admin@example.com', requestId: 'r' },
      'offered',
    );
    world.policy = { ...world.policy, isolation: 'container' };
    const heavy = await handIn('ann', 'heavy:1');
    const second = await handIn('ann', 'heavy:1');
    const third = await handIn('ann', 'heavy:1');
    const light = await handIn('ann', 'host');
    expect(await holders()).toEqual([heavy]);
    expect((await stored(light)).facts.attempts).toHaveLength(1);
    await end(heavy);
    expect(await holders()).toEqual([second]);
    expect((await stored(third)).waiting).toBe(true);
  });

  test('a key’s limit holds up its runs and those of the keys counted with it, and no other run of its user', async () => {
    const key = { key_id: 'k', scope: { max_running: 1 } };
    const rotated = { key_id: 'l', scope: { max_running: 1, counted_with: 'k' } };
    const first = await handIn('ann', undefined, key);
    const second = await handIn('ann', undefined, rotated);
    world.clock.advance(1);
    const third = await handIn('ann', undefined, key);
    const free = await handIn('ann');
    const other = await handIn('ann', undefined, { key_id: 'm', scope: { max_running: 1 } });
    // While anybody waits every run goes through the queue, and past those that have no room.
    expect(await holders()).toEqual([first, other]);
    expect((await stored(free)).facts.attempts).toHaveLength(1);
    const waits = await queuePlaces(world.records, world.limits, [await stored(second)]);
    expect(waits.get(second)).toMatchObject({ place: 1, waiting: 2, limit: 'key', max_running: 1 });
    await end(first);
    expect(await holders()).toEqual([other, second]);
    expect((await stored(third)).waiting).toBe(true);
  });

  test('beside a key’s limit the wider ones hold, in the order in which users take turns', async () => {
    world.limit({ deployment: 2 });
    const key = { key_id: 'k', scope: { max_running: 1 } };
    const [first, free] = [await handIn('ann', undefined, key), await handIn('bob')];
    const second = await handIn('ann', undefined, key);
    const waiting = await handIn('bob');
    const places = await queuePlaces(world.records, world.limits, [await stored(second)]);
    expect(places.get(second)).toMatchObject({ limit: 'deployment', max_running: 2 });
    // Ann is next, and her key has no room.
    await end(free);
    expect(await holders()).toEqual([first, waiting]);
    await end(first);
    expect(await holders()).toEqual([waiting, second]);
  });

  test('a slot of a limited key that was lost from the record is found again by a tick, and counted', async () => {
    const key = { key_id: 'k', scope: { max_running: 1 } };
    const first = await handIn('ann', undefined, key);
    await world.records.transact(async (tx) => tx.set(slotsRef, NO_SLOTS));
    await world.tick();
    const second = await handIn('ann', undefined, key);
    expect(await holders()).toEqual([first]);
    expect((await stored(second)).waiting).toBe(true);
  });

  test('with more waiting for an image than a page holds, the first with room is found behind them', async () => {
    world.limit({ deployment: 2, image: 1 });
    world.policy = { ...world.policy, isolation: 'container' };
    await registerImage(world, { image: 'other:1' }, { email: 'admin@example.com', requestId: 'r' });
    await handIn('ann', 'host');
    for (let nth = 0; nth < 12; nth += 1) {
      world.clock.advance(1);
      await handIn('ann', 'host');
    }
    world.clock.advance(1);
    const other = await handIn('ann', 'other:1');
    expect(await holders()).toContain(other);
  });
});

describe('[slots] a tick mends', () => {
  test('a slot of a run that has ended, or that nobody knows', async () => {
    world.limit({ deployment: 2 });
    const id = await handIn();
    const ghosts = [id, 'f'.repeat(32)].map((execution_id) => ({ execution_id, user: 'ann', image_id: 'host' }));
    await end(id);
    await world.records.transact(async (tx) => tx.set(slotsRef, { ...NO_SLOTS, serial: 9, holders: ghosts }));
    await world.tick();
    expect(await holders()).toEqual([]);
  });

  test('a run that lives without a slot, also when the limit was set after its start', async () => {
    const id = await handIn();
    world.limit({ deployment: 1 });
    world.jobs.lives(1);
    await world.tick();
    expect(await holders()).toEqual([id]);
    const waiting = await handIn();
    expect((await stored(waiting)).waiting).toBe(true);
  });

  test('a queue that was counted wrong', async () => {
    world.limit({ deployment: 1 });
    await handIn();
    await handIn();
    const wrong = { ...(await slots()), queues: [{ user: 'bob@example.com', waiting: 3, turn: 1 }] };
    await world.records.transact(async (tx) => tx.set(slotsRef, wrong));
    world.jobs.lives(1);
    await world.tick();
    expect((await slots()).queues).toMatchObject([{ user: 'ann@example.com', waiting: 1 }]);
  });

  test('nothing where nothing is wrong, and writes nothing', async () => {
    world.limit({ deployment: 1 });
    await handIn();
    await handIn();
    world.jobs.lives(1);
    const before = await world.records.get(slotsRef);
    await Promise.all([world.tick(), world.tick()]);
    expect((await world.records.get(slotsRef))?.version).toBe(before?.version);
    expect(world.jobs.started).toHaveLength(0);
  });
});

test('[tick-idempotent] two who admit at once give each slot once', async () => {
  world.limit({ deployment: 2 });
  const first = [await handIn(), await handIn('bob')];
  for (const user of ['ann', 'bob', 'cid', 'ann']) {
    world.clock.advance(1);
    await handIn(user);
  }
  await world.records.transact(async (tx) => {
    const known = (await tx.get(slotsRef))!;
    tx.set(slotsRef, { ...known, serial: known.serial + 1, holders: [] });
  });
  expect(first).toHaveLength(2);
  await Promise.all([admitWaiting(world, noticed), admitWaiting(world, noticed), admitWaiting(world, noticed)]);
  expect(await holders()).toHaveLength(2);
  expect(world.jobs.started.map(({ execution_id }) => execution_id)).toEqual(await holders());
});

describe('the place shown', () => {
  test('counts the turns before it, says how many wait, and which limit has no room', async () => {
    world.limit({ deployment: 1 });
    await handIn();
    const ids: string[] = [];
    for (const user of ['ann', 'ann', 'bob']) {
      world.clock.advance(1);
      ids.push(await handIn(user));
    }
    const runs = await Promise.all(ids.map(stored));
    const places = await queuePlaces(world.records, world.limits, runs);
    const until = (ms: number) => new Date(T0 + ms + 3_600_000).toISOString();
    const shown = { waiting: 3, limit: 'deployment', max_running: 1 };
    expect(ids.map((id) => places.get(id))).toEqual([
      { place: 1, ...shown, until: until(1) },
      { place: 3, ...shown, until: until(2) },
      { place: 2, ...shown, until: until(3) },
    ]);
    expect(await queuePlaces(world.records, world.limits, [runs[1]!])).toEqual(
      new Map([[ids[1], places.get(ids[1]!)]]),
    );
  });
});
