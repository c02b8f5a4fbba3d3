import { expect, test } from '@jest/globals';
import { newClosing } from '../emulated/closing.ts';

test('what was opened last is closed first, and one that fails to close keeps no other open', async () => {
  const closed: string[] = [];
  const noticed: unknown[] = [];
  const closing = newClosing((error) => noticed.push(error));
  await closing.add(Promise.resolve('a'), (name) => closed.push(name));
  await closing.add(Promise.resolve('b'), () => Promise.reject(new Error('stuck')));
  await closing.add(Promise.resolve('c'), (name) => closed.push(name));
  await closing.run();
  expect(closed).toEqual(['c', 'a']);
  expect(noticed).toEqual([new Error('stuck')]);
});

test('what opens after all was closed is closed at once, and nobody gets to use it', async () => {
  const closed: string[] = [];
  const closing = newClosing();
  const opening = Promise.withResolvers<string>();
  const added = closing.add(opening.promise, (name) => closed.push(name));
  expect(closing.hasBegun).toBe(false);
  await closing.run();
  expect(closing.hasBegun).toBe(true);
  opening.resolve('late');
  await expect(added).rejects.toThrow('being closed already');
  expect(closed).toEqual(['late']);
});
