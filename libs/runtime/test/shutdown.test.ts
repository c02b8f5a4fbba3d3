import { expect, test } from '@jest/globals';
import { newShutdown } from '../src/index.ts';

test('things close in the reverse order of their opening, once, and a failure does not stop the rest', async () => {
  const told: string[] = [];
  const shutdown = newShutdown((error, name) => told.push(`${name}: ${(error as Error).message}`));
  shutdown.add('store', () => {
    told.push('store closed');
  });
  shutdown.add('bus', async () => {
    throw new Error('stuck');
  });
  shutdown.add('server', async () => {
    told.push('server closed');
  });
  await Promise.all([shutdown.run(), shutdown.run()]);
  expect(told).toEqual(['server closed', 'bus: stuck', 'store closed']);
});
