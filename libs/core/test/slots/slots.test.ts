import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { placeOf } from '../../src/slots/queue-place.ts';
import { limitReached, needsSlot, NO_LIMITS } from '../../src/slots/slot-limits.ts';
import {
  inTurn,
  NO_SLOTS,
  waitingCount,
  withAdmitted,
  withHolder,
  withoutHolder,
  withoutWaiting,
  withWaiting,
  type Slots,
} from '../../src/slots/slots.ts';

const run = (execution_id: string, created_by = 'ann', image_id = 'host') => ({ execution_id, created_by, image_id });

/** Gives the next user a slot, as often as asked; says who was served. */
function serve(slots: Slots, times: number): { readonly served: readonly string[]; readonly slots: Slots } {
  const served: string[] = [];
  for (let nth = 0; nth < times; nth += 1) {
    const user = inTurn(slots)[0]?.user;
    if (user === undefined) break;
    served.push(user);
    slots = withAdmitted(slots, run(`admitted ${slots.serial}`, user));
  }
  return { served, slots };
}

const queue = (...users: readonly string[]) => users.reduce(withWaiting, NO_SLOTS);

describe('the record of the slots', () => {
  test('is the same when a holder is added again, and when one is taken that is none', () => {
    const held = withHolder(NO_SLOTS, run('a'));
    expect(withHolder(held, run('a'))).toBe(held);
    expect(withoutHolder(held, 'b')).toBe(held);
    expect(withoutHolder(held, 'a')).toMatchObject({ holders: [], serial: 2 });
  });

  test('has another serial after every change', () => {
    const states = [NO_SLOTS];
    const next = (change: (slots: Slots) => Slots) => states.push(change(states.at(-1)!));
    next((slots) => withWaiting(slots, 'ann'));
    next((slots) => withWaiting(slots, 'ann'));
    next((slots) => withAdmitted(slots, run('a')));
    next((slots) => withoutWaiting(slots, 'ann'));
    next((slots) => withoutHolder(slots, 'a'));
    const serials = states.map(({ serial }) => serial);
    expect(new Set(serials).size).toBe(serials.length);
    expect(serials).toEqual(serials.toSorted((a, b) => a - b));
  });

  test('forgets who has nothing that waits', () => {
    expect(withoutWaiting(queue('ann'), 'ann').queues).toEqual([]);
    expect(serve(queue('ann'), 1).slots.queues).toEqual([]);
  });
});

describe('[fair-queue] users take turns', () => {
  test('one after the other, however many runs each has', () => {
    const slots = queue('ann', 'ann', 'ann', 'bob', 'ann', 'cid', 'bob');
    expect(serve(slots, 9).served).toEqual(['ann', 'bob', 'cid', 'ann', 'bob', 'ann', 'ann']);
  });

  test('who begins to wait comes after all who were waiting and before none of them again', () => {
    const { slots } = serve(queue('ann', 'ann', 'ann', 'bob', 'bob'), 1);
    expect(serve(withWaiting(slots, 'cid'), 3).served).toEqual(['bob', 'ann', 'cid']);
  });

  test('who leaves and comes back is last', () => {
    const left = withoutWaiting(queue('ann', 'bob'), 'ann');
    expect(serve(withWaiting(left, 'ann'), 2).served).toEqual(['bob', 'ann']);
  });

  test('while one waits, nobody else is served twice', () => {
    const users = fc.constantFrom('ann', 'bob', 'cid', 'dee');
    const step = fc.oneof({ weight: 2, arbitrary: users }, { weight: 1, arbitrary: fc.constant('serve') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let slots = NO_SLOTS;
        /** Who was served since a user's turn came up, by user. */
        const passed = new Map<string, string[]>();
        for (const chosen of steps) {
          if (chosen !== 'serve') {
            slots = withWaiting(slots, chosen);
            continue;
          }
          const before = new Set(slots.queues.map(({ user }) => user));
          const served = serve(slots, 1);
          slots = served.slots;
          const [user] = served.served;
          if (user === undefined) continue;
          for (const other of before) {
            if (other === user) continue;
            const since = passed.get(other) ?? [];
            expect(since).not.toContain(user);
            passed.set(other, [...since, user]);
          }
          passed.delete(user);
        }
      }),
    );
  });
});

describe('the place of a run', () => {
  test('is the number of slots that have to come free for it, whoever else waits', () => {
    const users = ['ann', 'ann', 'bob', 'ann', 'cid', 'bob', 'ann'];
    const slots = queue(...users);
    const order = serve(slots, users.length).served;
    const seen = new Map<string, number>();
    order.forEach((user, index) => {
      const nth = (seen.get(user) ?? 0) + 1;
      seen.set(user, nth);
      expect([user, nth, placeOf(slots, user, nth)]).toEqual([user, nth, index + 1]);
    });
    expect(waitingCount(slots)).toBe(users.length);
  });
});

describe('a limit', () => {
  const limits = { ...NO_LIMITS, deployment: 3, user: 2, image: 1 };
  const held = [run('1', 'ann', 'a'), run('2', 'ann', 'b')].reduce(withHolder, NO_SLOTS);

  test.each([
    ['the image’s', run('3', 'bob', 'a'), 'image'],
    ['the user’s', run('3', 'ann', 'c'), 'user'],
    ['none', run('3', 'bob', 'c'), undefined],
  ] as const)('names %s when that one has no room', (_, wanted, name) => {
    expect(limitReached(held, limits, wanted)).toBe(name);
  });

  test('of the deployment is named first', () => {
    const full = withHolder(held, run('3', 'bob', 'c'));
    expect(limitReached(full, limits, run('4', 'ann', 'a'))).toBe('deployment');
  });

  test('that a key carries counts the runs of that key alone, and is named last', () => {
    const of = (id: string, max_running: number) => ({ key_limit: { key_id: id, max_running } });
    const slots = [
      { ...run('1', 'ann', 'a'), ...of('k', 2) },
      { ...run('2', 'ann', 'b'), ...of('l', 1) },
    ].reduce(withHolder, NO_SLOTS);
    const wanted = run('3', 'bob', 'c');
    expect(needsSlot(NO_LIMITS, wanted)).toBe(false);
    expect(needsSlot(NO_LIMITS, { ...wanted, ...of('k', 2) })).toBe(true);
    expect(limitReached(slots, NO_LIMITS, { ...wanted, ...of('k', 2) })).toBeUndefined();
    expect(limitReached(slots, NO_LIMITS, { ...wanted, ...of('k', 1) })).toBe('key');
    expect(limitReached(slots, NO_LIMITS, { ...wanted, ...of('l', 1) })).toBe('key');
    expect(limitReached(slots, NO_LIMITS, { ...wanted, ...of('m', 1) })).toBeUndefined();
    expect(limitReached(slots, NO_LIMITS, wanted)).toBeUndefined();
    expect(limitReached(slots, limits, { ...run('3', 'bob', 'a'), ...of('k', 1) })).toBe('image');
  });

  test('that an image carries itself wins over the deployment’s for images, in both directions', () => {
    expect(limitReached(held, limits, { ...run('3', 'bob', 'a'), image_max_running: 2 })).toBeUndefined();
    expect(limitReached(held, NO_LIMITS, { ...run('3', 'bob', 'a'), image_max_running: 1 })).toBe('image');
  });
});
