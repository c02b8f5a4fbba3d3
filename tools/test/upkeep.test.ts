import { expect, test } from '@jest/globals';
import { Upkeep } from '../emulated/upkeep.ts';

const LOST = {
  name: 'processor-2',
  end: { code: null, signal: 'SIGKILL' },
  tail: 'a\nb',
  logFile: '/d/p.log',
} as const;

function kept(start: () => Promise<string>) {
  const world = { now: 0, isOver: false, said: [] as string[] };
  const upkeep = new Upkeep({
    start,
    tell: (text) => void world.said.push(text),
    now: () => world.now,
    isOver: () => world.isOver,
  });
  return { world, upkeep };
}

test('an instance that ended by itself is told of with the end of its log, and another takes its place', async () => {
  const { world, upkeep } = kept(async () => 'processor-5');
  await upkeep.lost('processor', LOST);
  expect(world.said).toEqual([
    'processor-2 ended by itself, by SIGKILL. The end of /d/p.log:\n  a\n  b',
    'processor-5 took its place.',
  ]);
});

test('three within a minute are started again, the fourth is the end, and a minute later all is forgotten', async () => {
  let starts = 0;
  const { world, upkeep } = kept(async () => `processor-${++starts}`);
  for (let times = 0; times < 3; times++) await upkeep.lost('processor', LOST);
  world.now = 60_000;
  await upkeep.lost('processor', LOST);
  expect(starts).toBe(4);
  await upkeep.lost('websocket', LOST);
  world.now = 60_001;
  for (let times = 0; times < 3; times++) await upkeep.lost('processor', LOST);
  expect(starts).toBe(7);
  expect((await upkeep.failed).message).toBe(
    'processor ended by itself 4 times within a minute and is not started again.',
  );
});

test('one that does not start counts as one that ended', async () => {
  const { world, upkeep } = kept(() => Promise.reject(new Error('no')));
  await upkeep.lost('intake', LOST);
  expect(world.said.slice(1)).toEqual(Array.from({ length: 3 }, () => 'Another intake could not be started: no'));
  expect((await upkeep.failed).message).toContain('intake ended by itself');
});

test('nothing is said or started once all is being ended', async () => {
  const { world, upkeep } = kept(() => Promise.reject(new Error('not asked for')));
  world.isOver = true;
  await upkeep.lost('intake', LOST);
  upkeep.giveUp('an emulator ended');
  expect(world.said).toEqual([]);
  expect(await Promise.race([upkeep.failed, Promise.resolve('nothing')])).toBe('nothing');
});
